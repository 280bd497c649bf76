// The second way to run the tests in namespaces: as an ordinary user who pings through multipingd. This is the one
// place that knows whether a run is of that sort. Cases that mean nothing there have the label "own_sockets".
// Those that would only take long again have "long".
#pragma once

#include <vector>

#include "multiping/transport.hpp"

namespace multiping::test {
inline namespace broker_run {

/// Whether MULTIPING_TEST_THROUGH_BROKER is set: it names the multipingd that serves each namespace.
[[nodiscard]] bool through_broker_only();

/// What takes the place of a kind of socket in this run: the broker for those that need a right.
[[nodiscard]] TransportKind kind_here(TransportKind kind);

/// Whether a case that goes through kinds of sockets tries this one: through the broker, only what ping sockets do.
[[nodiscard]] bool tried_here(TransportKind kind);

/// Raw sockets and ping sockets, or the broker.
inline const std::vector<TransportKind> both_kinds = through_broker_only()
                                                         ? std::vector{TransportKind::broker}
                                                         : std::vector{TransportKind::raw, TransportKind::ping_socket};

/// Starts multipingd in this namespace, where nobody but its group may open ping sockets, and makes this process an
/// ordinary user, outside of that group and without effective capabilities, who can be root again for a while. The
/// daemon ends soon after this process, however that ends.
void ping_through_broker();

/// Root within its scope, also where the process has become another user by ping_through_broker().
class AsRoot {
 public:
  AsRoot();
  AsRoot(const AsRoot&) = delete;
  AsRoot& operator=(const AsRoot&) = delete;
  ~AsRoot();

 private:
  bool changed_ = false;
};

}  // namespace broker_run
}  // namespace multiping::test
