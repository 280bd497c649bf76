// The loop of multiping-packet: waits for commands, for answers, and for room in the output.
// poll(2) has no limit of 1,024 descriptors, which select(2) has.
#pragma once

#include "apps/mtr_packet/session.hpp"

namespace multiping::mtr_packet {

/// Serves standard input until it ends and every probe has its reply, or until nobody reads standard output any more.
/// Reads no commands while much output waits for its reader, so that memory stays bounded. Throws std::system_error
/// when a stream fails.
void serve_streams(Session& session);

}  // namespace multiping::mtr_packet
