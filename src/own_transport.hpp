// Opens the transport of an object that was given none.
// No other object takes sockets from this transport: it keeps none for later, and its capabilities are not tested.
#pragma once

#include <memory>

#include "multiping/address.hpp"
#include "multiping/transport.hpp"

namespace multiping {

/// As open_transport(), for one object alone. `first` is the family that the object most likely needs. Throws the same.
[[nodiscard]] std::shared_ptr<Transport> open_own_transport(Family first = Family::ipv4);

}  // namespace multiping
