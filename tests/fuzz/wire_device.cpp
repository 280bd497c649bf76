// Sets up the network namespace and the TUN device with the ip command.
// See wire_device.hpp.
#include "fuzz/wire_device.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "os/socket_basics.hpp"

namespace multiping::fuzz {
namespace {

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0)  // NOLINT(concurrency-mt-unsafe)
    throw std::runtime_error{"this command failed: " + command};
}

os::FileDescriptor open_device() {
  os::FileDescriptor device{::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!device) os::fail("cannot open /dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "wire0");
  if (::ioctl(device.value(), TUNSETIFF, &request) != 0) os::fail("cannot make a TUN device");
  return device;
}

}  // namespace

WireDevice::WireDevice() {
  if (::unshare(CLONE_NEWNET) != 0) os::fail("cannot make a network namespace");
  device_ = open_device();
  run("ip link set lo up && ip link set wire0 mtu 65535 txqueuelen 20000 up");
  run("ip addr add 10.255.255.1/32 dev wire0 && ip addr add fdff::1/128 dev wire0 nodad");
  run("ip route add default dev wire0 && ip -6 route add default dev wire0");
  run("echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range");
}

test::ByteView WireDevice::read() {
  const ssize_t size = ::read(device_.value(), buffer_.data(), buffer_.size());
  return {buffer_.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

bool WireDevice::write(test::ByteView packet) noexcept {
  return ::write(device_.value(), packet.data(), packet.size()) == static_cast<ssize_t>(packet.size());
}

}  // namespace multiping::fuzz
