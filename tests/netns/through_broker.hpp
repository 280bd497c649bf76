// Knows whether the tests in namespaces run as an ordinary user that pings through multipingd. Cases that have no
// meaning then have the label "own_sockets"; cases that would only take long again have "long".
#pragma once

#include <vector>

#include "multiping/transport.hpp"

namespace multiping::test {
inline namespace broker_run {

/// True when MULTIPING_TEST_THROUGH_BROKER is set: the path of the multipingd that serves each namespace.
[[nodiscard]] bool through_broker_only();

/// The kind that this run uses in place of `kind`: the broker for a kind that needs a right.
[[nodiscard]] TransportKind kind_here(TransportKind kind);

/// True when a test that runs with several kinds of sockets uses `kind`. Through the broker, only ping_socket is true.
[[nodiscard]] bool tried_here(TransportKind kind);

/// Raw sockets and ping sockets, or the broker.
inline const std::vector<TransportKind> both_kinds = through_broker_only()
                                                         ? std::vector{TransportKind::broker}
                                                         : std::vector{TransportKind::raw, TransportKind::ping_socket};

/// Starts multipingd in this namespace, where only its group may open ping sockets. Makes this process an ordinary user
/// outside of that group, without effective capabilities; AsRoot makes it root again for a scope. The daemon ends soon
/// after this process, however the process ends.
void ping_through_broker();

/// Makes the process root within a scope, also after ping_through_broker() made it another user.
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
