// Keeps the probes that the icmp4em server has sent for its clients, finds the client that an answer is for, and limits
// how much each client may ask. Pure: time is an argument.
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

#include "apps/multipingd/icmp4em/icmp4em_errors.hpp"
#include "base/monotonic_time.hpp"
#include "base/token_buckets.hpp"
#include "icmp4em/icmp4em_frames.hpp"
#include "multiping/address.hpp"
#include "packet/icmp.hpp"
#include "packet/probe_tags.hpp"
#include "packet/siphash.hpp"

namespace multiping::daemon {

/// A client, known by the address and port that its datagrams come from.
struct Icmp4emClient {
  Address address{};
  std::uint16_t port = 0;
  friend bool operator==(const Icmp4emClient&, const Icmp4emClient&) = default;
};

}  // namespace multiping::daemon

template <>
struct std::hash<multiping::daemon::Icmp4emClient> {
  std::size_t operator()(const multiping::daemon::Icmp4emClient& client) const noexcept {
    return std::hash<multiping::Address>{}(client.address) ^ (client.port * std::size_t{0x9E3779B97F4A7C15U});
  }
};

namespace multiping::daemon {

/// A client is one socket; an address has the probes of all its sockets. All of 127.0.0.0/8 counts as one address. Each
/// IPv6 /64 counts as one too: a host that has one of its addresses can use them all.
struct Icmp4emLimits {
  Duration wait = std::chrono::seconds{30};  ///< An answer is awaited for this long.
  std::size_t pending = 131'072;             ///< Probes without an answer, of all clients.
  std::size_t pending_of_client = 65'536;    ///< Probes without an answer, of each client.
  std::size_t pending_of_address = 98'304;   ///< Probes without an answer, of each address.
  // A request that needs several packets counts once for each. A client of the original has up to 4,095 requests at
  // once.
  Rate requests_of_client{.per_second = 10'000, .burst = 4'096};
  Rate requests_of_address{.per_second = 40'000, .burst = 40'000};
  // When an address has used up its rate, each of its clients may still ask this often, as long as the reserve of the
  // address lasts. So a process that floods through many sockets leaves this much for the other clients of its host.
  Rate assured_to_client{.per_second = 200, .burst = 200};
  Rate reserve_of_address{.per_second = 20'000, .burst = 20'000};
  Rate notices_of_address{.per_second = 1'000, .burst = 1'000};  ///< How many refusals are told.
  std::size_t clients = 4'096;                                   ///< Rates are kept for this many; see TokenBuckets.
};

/// Why a request must not be sent.
enum class Icmp4emLimit : std::uint8_t {
  none,
  rate,  ///< The client or its address asks too often.
  pending_of_client,
  pending_of_address,
  pending,
  sequences,  ///< This destination has too many probes without an answer.
};
[[nodiscard]] const char* to_string(Icmp4emLimit limit) noexcept;

class Icmp4emRelay {
 public:
  /// `wire_id` is the identifier of the echo requests that are sent over IPv4. `key` must be secret and random.
  Icmp4emRelay(const Icmp4emLimits& limits, const packet::SipKey& key, std::uint16_t wire_id);
  Icmp4emRelay(const Icmp4emRelay&) = delete;
  Icmp4emRelay& operator=(const Icmp4emRelay&) = delete;

  /// Registers a probe for this request. Returns the sequence number of the echo request that the caller then sends to
  /// the destination with the same payload, or why it must not be sent. The same request again makes another probe.
  struct Ticket {
    Icmp4emLimit refused = Icmp4emLimit::none;
    std::uint16_t sequence = 0;
  };
  [[nodiscard]] Ticket accept(const Icmp4emClient& client, const icmp4em::Icmp4emRequest& request, Instant now);

  /// Whether to tell this client that it was refused: only so often for each address.
  [[nodiscard]] bool may_tell(const Icmp4emClient& client, Instant now);

  /// Takes all tokens of this client's rate; new ones come from now on.
  void empty_bucket(const Icmp4emClient& client, Instant now);

  /// The client that an answer is for, and the identifier and sequence number that the client used.
  struct Delivery {
    Icmp4emClient client{};
    std::uint16_t id = 0, sequence = 0;
  };
  /// Finds the client for an echo reply. The reply must come from the probe's destination, in time, for the first time,
  /// and with the whole payload; else none. The probe is then no longer pending.
  [[nodiscard]] std::optional<Delivery> answered(const Address& source, const icmp4em::Icmp4emReply& reply,
                                                 Instant now);

  /// An error and the client that it is for. error.quoted points into the quote that was given.
  struct Complaint {
    Icmp4emClient client{};
    icmp4em::Icmp4emError error{};
  };
  /// Finds the client for an ICMP error, by its quote of a probe. None when the quote does not agree with the probe,
  /// and after four errors for one probe. The probe stays pending.
  [[nodiscard]] std::optional<Complaint> failed(const Address& destination, const packet::QuotedEcho& quote,
                                                const Icmp4emVerdict& verdict, Instant now);

  /// Removes a probe that could not be sent.
  void withdraw(const Address& destination, std::uint16_t sequence);

  /// Removes the probes whose wait is over, and returns their number.
  std::size_t expire(Instant now);

  [[nodiscard]] std::size_t pending() const noexcept { return probes_.size(); }

 private:
  struct Key {
    Address destination{};
    std::uint16_t sequence = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  /// Clients choose the destinations: without a secret key they could choose many that have the same hash.
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
    Instant sent{};
    std::uint64_t payload_hash = 0;
    std::array<std::uint8_t, head_size> head{};  ///< The first bytes of the payload, which an error quotes.
    std::uint32_t payload_size = 0;
    std::uint16_t id = 0, sequence = 0, checksum = 0;  ///< Of the client's request.
    std::uint16_t wire_checksum = 0;                   ///< Of the echo request sent, when that is ICMPv4.
    std::uint8_t errors_told = 0;
  };
  using Probes = std::list<Probe>;

  [[nodiscard]] Icmp4emLimit limit_of(const Icmp4emClient& client, std::size_t payload_size, Instant now);
  [[nodiscard]] bool in_rate(const Icmp4emClient& client, std::size_t payload_size, Instant now);
  [[nodiscard]] bool is_assured(const Icmp4emClient& client, Instant now);
  [[nodiscard]] std::optional<std::uint16_t> free_sequence(const Address& destination);
  [[nodiscard]] Probe* find(const Address& destination, std::uint16_t sequence, Instant now);
  [[nodiscard]] static bool agrees(const Probe& probe, const packet::QuotedEcho& quote) noexcept;
  [[nodiscard]] std::uint16_t wire_checksum(std::uint16_t sequence,
                                            std::span<const std::uint8_t> payload) const noexcept;
  void insert(const Probe& probe);
  void erase(Probes::iterator probe);

  Icmp4emLimits limits_;
  packet::SipKey key_;
  std::uint16_t wire_id_;
  packet::ProbeTags codec_;
  std::uint64_t next_serial_ = 0;
  Probes probes_{};  ///< In the order in which they were sent.
  std::unordered_map<Key, Probes::iterator, KeyHash> by_key_;
  std::unordered_map<Icmp4emClient, std::size_t, ClientHash> of_client_;
  std::unordered_map<Icmp4emClient, std::size_t, ClientHash> of_address_;  ///< By one_address(), port 0.
  TokenBuckets<Icmp4emClient> client_rates_, assured_rates_;
  TokenBuckets<Icmp4emClient> address_rates_, reserve_rates_, notice_rates_;  ///< By one_address(), port 0.
};

}  // namespace multiping::daemon
