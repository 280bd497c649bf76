// Reads IP packets from a TUN device and writes the simulated network's answers back when they are due.
// See tun_device.hpp.
#include "netns/tun_device.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <queue>
#include <string_view>
#include <system_error>
#include <vector>

#include "netns/namespace.hpp"
#include "netns/through_broker.hpp"
#include "os/socket_basics.hpp"

namespace multiping::test {
namespace {

constexpr std::size_t largest_packet = 65536;
constexpr int reads_in_a_row = 64;

Instant clock_now() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

int open_device() {
  const AsRoot root;
  // A chroot or a container has no such node, but /run is private to this test.
  const char* const path = ::access("/dev/net/tun", F_OK) == 0 ? "/dev/net/tun" : "/run/tun";
  if (path == std::string_view{"/run/tun"}) ::mknod(path, S_IFCHR | 0600, ::makedev(10, 200));
  const int device = ::open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) os::fail("cannot open a TUN device");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "sim0");
  if (::ioctl(device, TUNSETIFF, &request) != 0) os::fail("cannot make a TUN device");
  return device;
}

}  // namespace

boost::test_tools::assertion_result needs_tun(boost::unit_test::test_unit_id unit) {
  static const Precondition possible = needs_possible("a TUN device", [] { ::close(open_device()); });
  return possible(unit);
}

class TunDevice::Responder {
 public:
  Responder(TunDevice& owner, const Scenario& scenario) : owner_{owner}, network_{scenario} {}

  void run() {
    for (;;) {
      pollfd waiting[] = {{owner_.device_, POLLIN, 0}, {owner_.stop_, POLLIN, 0}};
      const timespec timeout = until_due();
      const timespec* limit = due_.empty() ? nullptr : &timeout;
      if (::ppoll(waiting, 2, limit, nullptr) < 0 && errno != EINTR) return;
      if (waiting[1].revents != 0) return;
      read_some();
      write_due();
    }
  }

 private:
  struct Due {
    Instant at{};
    std::uint64_t order = 0;
    Bytes bytes{};
    bool operator>(const Due& other) const noexcept { return at != other.at ? at > other.at : order > other.order; }
  };

  [[nodiscard]] timespec until_due() const {
    if (due_.empty()) return {};
    const Duration left = std::max(due_.top().at - clock_now(), Duration{});
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    return {static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
  }

  void read_some() {
    for (int i = 0; i < reads_in_a_row; ++i) {
      const ssize_t length = ::read(owner_.device_, buffer_.data(), buffer_.size());
      if (length <= 0) return;
      const Instant now = clock_now();
      const ByteView packet{buffer_.data(), static_cast<std::size_t>(length)};
      for (Delivery& delivery : network_.answer(now, packet))
        due_.push({now + delivery.delay, ++order_, std::move(delivery.bytes)});
      owner_.unsound_ = network_.unsound();
    }
  }

  void write_due() {
    const Instant now = clock_now();
    while (!due_.empty() && due_.top().at <= now) {
      const Bytes& bytes = due_.top().bytes;
      if (::write(owner_.device_, bytes.data(), bytes.size()) < 0) ++owner_.refused_;
      due_.pop();
    }
  }

  TunDevice& owner_;
  SimNetwork network_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t order_ = 0;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(largest_packet);
};

TunDevice::TunDevice(const Scenario& scenario) : device_{open_device()}, stop_{::eventfd(0, EFD_CLOEXEC)} {
  run("ip link set sim0 mtu 65535 txqueuelen 20000 up");
  run("ip addr add 10.255.255.1/32 dev sim0 && ip addr add fdff::1/128 dev sim0 nodad");
  // Second addresses, the IPv6 one deprecated: they are sources only when a probe asks for them.
  run("ip addr add 10.255.255.2/32 dev sim0 && ip addr add fdff::2/128 dev sim0 nodad preferred_lft 0");
  wait_for_addresses();
  run("ip route add default dev sim0 && ip -6 route add default dev sim0");
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this, scenario] { Responder{*this, scenario}.run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TunDevice::~TunDevice() {
  const std::uint64_t one = 1;
  if (::write(stop_, &one, sizeof one) < 0) std::terminate();
  thread_.join();
  ::close(device_);
  ::close(stop_);
}

TunProcess::TunProcess(const Scenario& scenario)
    : ready_{::eventfd(0, EFD_CLOEXEC)}, child_{[&] {
        const TunDevice device{scenario};
        const std::uint64_t one = 1;
        if (::write(ready_, &one, sizeof one) < 0) os::fail("cannot tell that the device is there");
        for (;;) ::pause();  // until this process is killed
      }} {
  pollfd ready{ready_, POLLIN, 0};
  const int there = ::poll(&ready, 1, 10'000);
  ::close(ready_);
  BOOST_REQUIRE_MESSAGE(there == 1, "the TUN device did not come up");
}

}  // namespace multiping::test
