// The transport of an object that was given none.
// Nobody else takes sockets from it, so that it keeps none and is not asked what it can do.
#pragma once

#include <memory>

#include "multiping/address.hpp"
#include "multiping/transport.hpp"

namespace multiping {

/// As open_transport(), for one object alone; `first` is the family that it most likely needs. Throws the same.
[[nodiscard]] std::shared_ptr<Transport> open_own_transport(Family first = Family::ipv4);

}  // namespace multiping
