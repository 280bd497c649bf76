// Whose probe an answer is: what the icmp4em server has sent for its clients and waits for, and how much each of them
// may ask. Pure, time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>

#include "multiping/address.hpp"
#include "net/instant.hpp"
#include "packet/icmp.hpp"
#include "packet/probe_codec.hpp"
#include "packet/siphash.hpp"
#include "proxy/icmp4em_errors.hpp"
#include "proxy/icmp4em_frames.hpp"
#include "proxy/rate_limits.hpp"

namespace multiping::proxy {

/// Who asks: what its datagrams come from.
struct Icmp4emClient {
  Address address{};
  std::uint16_t port = 0;
  friend bool operator==(const Icmp4emClient&, const Icmp4emClient&) = default;
};

}  // namespace multiping::proxy

template <>
struct std::hash<multiping::proxy::Icmp4emClient> {
  std::size_t operator()(const multiping::proxy::Icmp4emClient& client) const noexcept {
    return std::hash<multiping::Address>{}(client.address) ^ (client.port * std::size_t{0x9E3779B97F4A7C15U});
  }
};

namespace multiping::proxy {

/// Probes of a client are those of one socket; of an address, those of all its sockets. All of 127.0.0.0/8 counts as
/// one address, and so does each /64 of IPv6: who has one address of it has them all.
struct Icmp4emLimits {
  Duration wait = std::chrono::seconds{30};  ///< For an answer.
  std::size_t pending = 131'072;             ///< Probes without an answer, in all,
  std::size_t pending_of_client = 65'536;    ///< of each client,
  std::size_t pending_of_address = 98'304;   ///< and of each address.
  // A request longer than a packet counts as often as it has packets. A client of the original has up to 4,095 at once.
  Rate requests_of_client{.per_second = 10'000, .burst = 4'096};
  Rate requests_of_address{.per_second = 40'000, .burst = 40'000};
  // Where an address has no more, each client may ask this often all the same, as long as the reserve lasts: who floods
  // by many sockets leaves the others of this host that much.
  Rate assured_to_client{.per_second = 200, .burst = 200};
  Rate reserve_of_address{.per_second = 20'000, .burst = 20'000};
  Rate notices_of_address{.per_second = 1'000, .burst = 1'000};  ///< How many refusals are told.
  std::size_t clients = 4'096;                                   ///< Of which rates are kept; see RateLimits.
};

/// What keeps a request from being sent.
enum class Icmp4emLimit : std::uint8_t {
  none,
  rate,  ///< Of the client or its address.
  pending_of_client,
  pending_of_address,
  pending,
  sequences,  ///< This destination has too many probes on their way.
};
[[nodiscard]] const char* to_string(Icmp4emLimit limit) noexcept;

class Icmp4emRelay {
 public:
  /// `wire_id` is the identifier of what is sent over IPv4. `key` is secret and random.
  Icmp4emRelay(const Icmp4emLimits& limits, const packet::SipKey& key, std::uint16_t wire_id);
  Icmp4emRelay(const Icmp4emRelay&) = delete;
  Icmp4emRelay& operator=(const Icmp4emRelay&) = delete;

  /// The sequence number of an echo request to be sent to the destination with the same payload, or what keeps it.
  /// The same request once more is another probe.
  struct Ticket {
    Icmp4emLimit refused = Icmp4emLimit::none;
    std::uint16_t sequence = 0;
  };
  [[nodiscard]] Ticket accept(const Icmp4emClient& client, const Icmp4emRequest& request, net::Instant now);

  /// Whether this client shall be told that it was refused.
  [[nodiscard]] bool may_tell(const Icmp4emClient& client, net::Instant now);

  /// Takes away what this client may ask at once; it gains anew from now on.
  void empty_bucket(const Icmp4emClient& client, net::Instant now);

  /// Whom an answer is for, in its own numbers.
  struct Delivery {
    Icmp4emClient client{};
    std::uint16_t id = 0, sequence = 0;
  };
  /// An echo reply. Believed when it comes from the destination, in time, once, and with all of the payload.
  [[nodiscard]] std::optional<Delivery> answered(const Address& source, const Icmp4emReply& reply, net::Instant now);

  /// An error and whom it is for. What it quotes of the payload points into what was given.
  struct Complaint {
    Icmp4emClient client{};
    Icmp4emError error{};
  };
  /// An ICMP error, with what it quotes of a probe. Believed when that agrees with the probe, a few times for each,
  /// which is waited for all the same.
  [[nodiscard]] std::optional<Complaint> failed(const Address& destination, const packet::QuotedEcho& quote,
                                                const Icmp4emVerdict& verdict, net::Instant now);

  /// A probe that could not be sent is not waited for.
  void withdraw(const Address& destination, std::uint16_t sequence);

  /// Forgets what has waited long enough; how many those were.
  std::size_t expire(net::Instant now);

  [[nodiscard]] std::size_t pending() const noexcept { return probes_.size(); }

 private:
  struct Key {
    Address destination{};
    std::uint16_t sequence = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  /// Clients choose the destinations: without a secret they could choose those that fall together.
  struct KeyHash {
    packet::SipKey key{};
    std::size_t operator()(const Key& of) const noexcept;
  };
  struct ClientHash {
    packet::SipKey key{};
    std::size_t operator()(const Icmp4emClient& client) const noexcept;
  };
  static constexpr std::size_t head_size = 8;
  struct Probe {
    Key key{};
    Icmp4emClient client{};
    net::Instant sent{};
    std::uint64_t payload_hash = 0;
    std::array<std::uint8_t, head_size> head{};  ///< The payload's first bytes, which an error quotes.
    std::uint32_t payload_size = 0;
    std::uint16_t id = 0, sequence = 0, checksum = 0;  ///< The client's.
    std::uint16_t wire_checksum = 0;                   ///< Of IPv4.
    std::uint8_t errors_told = 0;
  };
  using Probes = std::list<Probe>;

  [[nodiscard]] Icmp4emLimit limit_of(const Icmp4emClient& client, std::size_t payload_size, net::Instant now);
  [[nodiscard]] bool in_rate(const Icmp4emClient& client, std::size_t payload_size, net::Instant now);
  [[nodiscard]] bool is_assured(const Icmp4emClient& client, net::Instant now);
  [[nodiscard]] std::optional<std::uint16_t> free_sequence(const Address& destination);
  [[nodiscard]] Probe* find(const Address& destination, std::uint16_t sequence, net::Instant now);
  [[nodiscard]] static bool agrees(const Probe& probe, const packet::QuotedEcho& quote) noexcept;
  [[nodiscard]] std::uint16_t wire_checksum(std::uint16_t sequence,
                                            std::span<const std::uint8_t> payload) const noexcept;
  void insert(const Probe& probe);
  void erase(Probes::iterator probe);

  Icmp4emLimits limits_;
  packet::SipKey key_;
  std::uint16_t wire_id_;
  packet::ProbeCodec codec_;
  std::uint64_t next_serial_ = 0;
  Probes probes_{};  ///< In the order in which they were sent.
  std::unordered_map<Key, Probes::iterator, KeyHash> by_key_;
  std::unordered_map<Icmp4emClient, std::size_t, ClientHash> of_client_;
  std::unordered_map<Icmp4emClient, std::size_t, ClientHash> of_address_;  ///< By one_address(), port 0.
  RateLimits<Icmp4emClient> client_rates_, assured_rates_;
  RateLimits<Icmp4emClient> address_rates_, reserve_rates_, notice_rates_;  ///< By one_address(), port 0.
};

}  // namespace multiping::proxy
