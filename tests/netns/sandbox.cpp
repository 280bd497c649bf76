// Installs seccomp(2) filters that return an errno.
// See sandbox.hpp.
#include "netns/sandbox.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>

namespace multiping::test {
namespace {

sock_filter op(int code, std::uint32_t k) { return {static_cast<std::uint16_t>(code), 0, 0, k}; }

/// Continues with the next instruction when the value is `k`; otherwise skips `skipped` instructions.
sock_filter unless_equal(std::uint32_t k, std::uint8_t skipped) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K), 0, skipped, k};
}

sock_filter load(std::size_t offset) { return op(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

/// Loads the lower half of an argument.
sock_filter load_argument(std::size_t number) {
  const std::size_t lower = std::endian::native == std::endian::big ? sizeof(std::uint32_t) : 0;
  return load(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t) + lower);
}

sock_filter fail_with(int error) {
  return op(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA));
}

void install(std::vector<sock_filter> code) {
  code.push_back(op(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  BOOST_TEST_REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  BOOST_TEST_REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

}  // namespace

void refuse_calls(const std::vector<long>& calls, int error) {
  std::vector<sock_filter> code{load(offsetof(seccomp_data, nr))};
  for (const long call : calls) {
    code.push_back(unless_equal(static_cast<std::uint32_t>(call), 1));
    code.push_back(fail_with(error));
  }
  install(std::move(code));
}

void refuse_option(int level, int name, int error) {
  install({load(offsetof(seccomp_data, nr)), unless_equal(SYS_setsockopt, 5), load_argument(1),
           unless_equal(static_cast<std::uint32_t>(level), 3), load_argument(2),
           unless_equal(static_cast<std::uint32_t>(name), 1), fail_with(error)});
}

}  // namespace multiping::test
