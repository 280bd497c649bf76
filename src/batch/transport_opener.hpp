// Finds the first kind of transport that this process can open.
// What open_transport() is made of, and every object that was given no transport.
#pragma once

#include <memory>
#include <system_error>

#include "multiping/address.hpp"
#include "multiping/transport.hpp"

namespace multiping {

/// As open_transport().
[[nodiscard]] std::shared_ptr<Transport> open_shared_transport(const TransportOptions& options);
[[nodiscard]] std::shared_ptr<Transport> open_shared_transport(const TransportOptions& options, std::error_code& error);

/// As open_transport(), for one object alone. `first` is the family that the object most likely needs. Throws the same.
/// No other object takes sockets from this transport: it keeps none for later, and its capabilities are not tested.
[[nodiscard]] std::shared_ptr<Transport> open_own_transport(Family first = Family::ipv4);

}  // namespace multiping
