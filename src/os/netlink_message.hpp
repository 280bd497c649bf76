// Reads and writes messages and attributes of netlink(7), with all lengths checked.
// Header only.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace multiping::os::netlink {

using Bytes = std::span<const std::uint8_t>;

template <class T>
[[nodiscard]] std::optional<T> read(Bytes bytes) noexcept {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// What follows a message or an attribute of that size.
[[nodiscard]] inline Bytes after(Bytes bytes, std::size_t size) noexcept {
  return bytes.subspan(std::min(bytes.size(), NLMSG_ALIGN(size)));
}

/// The payload of the first attribute of that type; empty where there is none.
[[nodiscard]] inline Bytes attribute(Bytes attributes, unsigned short type) noexcept {
  while (const auto header = read<rtattr>(attributes)) {
    if (header->rta_len < sizeof(rtattr) || header->rta_len > attributes.size()) return {};
    if ((header->rta_type & NLA_TYPE_MASK) == type) return attributes.first(header->rta_len).subspan(RTA_LENGTH(0));
    attributes = after(attributes, header->rta_len);
  }
  return {};
}

/// A message with its header taken off.
struct Message {
  std::uint16_t type = 0;
  std::uint32_t sequence = 0;
  Bytes payload{};
  /// The fixed part of the payload, and the attributes after it.
  template <class Fixed>
  [[nodiscard]] std::optional<Fixed> fixed() const noexcept {
    return read<Fixed>(payload);
  }
  template <class Fixed>
  [[nodiscard]] Bytes attributes() const noexcept {
    return after(payload, sizeof(Fixed));
  }
};

/// Takes the first message off `bytes`; none when there is none, or when its length is wrong.
[[nodiscard]] inline std::optional<Message> take_message(Bytes& bytes) noexcept {
  const auto header = read<nlmsghdr>(bytes);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > bytes.size()) return std::nullopt;
  const Bytes payload = after(bytes.first(header->nlmsg_len), sizeof(nlmsghdr));
  bytes = after(bytes, header->nlmsg_len);
  return Message{.type = header->nlmsg_type, .sequence = header->nlmsg_seq, .payload = payload};
}

/// A request that is written attribute by attribute; it is short enough for its room.
template <class Fixed>
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags, const Fixed& fixed) noexcept {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    put(&header, sizeof header);
    put(&fixed, sizeof fixed);
  }
  void add(unsigned short type, Bytes value) noexcept {
    const rtattr header{.rta_len = static_cast<unsigned short>(RTA_LENGTH(value.size())), .rta_type = type};
    if (size_ + RTA_SPACE(value.size()) > room_.size()) return;
    put(&header, sizeof header);
    put(value.data(), value.size());
  }
  void add(unsigned short type, std::uint32_t value) noexcept {
    std::array<std::uint8_t, sizeof value> bytes{};
    std::memcpy(bytes.data(), &value, sizeof value);
    add(type, Bytes{bytes});
  }
  /// The finished request.
  [[nodiscard]] Bytes bytes(std::uint32_t sequence) noexcept {
    nlmsghdr header{};
    std::memcpy(&header, room_.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(size_);
    header.nlmsg_seq = sequence;
    std::memcpy(room_.data(), &header, sizeof header);
    return Bytes{room_}.first(size_);
  }

 private:
  void put(const void* data, std::size_t size) noexcept {
    std::memcpy(&room_[size_], data, size);
    size_ += NLMSG_ALIGN(size);
  }

  alignas(nlmsghdr) std::array<std::uint8_t, 256> room_{};
  std::size_t size_ = 0;
};

}  // namespace multiping::os::netlink
