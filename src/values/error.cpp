// The messages of the error category "multiping", and the text of ResolveError.
// A program shows these messages to its user: they say what is wrong and, if possible, what helps.
#include "multiping/error.hpp"

#include <string>
#include <utility>

#include "multiping/result.hpp"

namespace multiping {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "multiping"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::no_address:
        return "no such name or address";
      case Errc::lookup_failed:
        return "the lookup failed, and may succeed later";
      case Errc::lookup_timeout:
        return "the lookup did not end in time";
      case Errc::zone_missing:
        return "a link-local address needs a zone, as in fe80::1%eth0";
      case Errc::destination_denied:
        return "an unspecified, broadcast or multicast address is not pinged";
      case Errc::probe_too_large:
        return "the payload is too large for the address family";
      case Errc::not_supported:
        return "not supported by this protocol or transport";
      case Errc::broker_denied:
        return "the broker refused";
      case Errc::broker_protocol:
        return "the broker's answer is not of its protocol";
      case Errc::zone_unknown:
        return "no interface of this host has the name of the zone";
      case Errc::not_an_address:
        return "one host is wanted: expand() makes a list of a block, and a port goes to ProbeOptions::port";
    }
    return "unknown error " + std::to_string(value);
  }

  /// Makes comparisons such as `error == std::errc::timed_out` work.
  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<Errc>(value)) {
      case Errc::lookup_failed:
        return std::errc::resource_unavailable_try_again;
      case Errc::lookup_timeout:
        return std::errc::timed_out;
      case Errc::probe_too_large:
        return std::errc::message_size;
      case Errc::not_supported:
        return std::errc::not_supported;
      case Errc::broker_denied:
        return std::errc::permission_denied;
      case Errc::broker_protocol:
        return std::errc::protocol_error;
      default:
        return {value, *this};
    }
  }
};

std::error_code first_error(const std::vector<Resolution>& failures) noexcept {
  return failures.empty() ? make_error_code(Errc::no_address) : failures.front().error;
}

std::string names_and_reasons(const std::vector<Resolution>& failures) {
  std::string text = "cannot resolve ";
  for (const auto& failure : failures) {
    if (&failure != failures.data()) text += ", ";
    text += printable(failure.name) + " (" + failure.error.message() + ")";
  }
  return text;
}

}  // namespace

std::error_code make_error_code(Errc error) noexcept {
  static const Category category;
  return {static_cast<int>(error), category};
}

ResolveError::ResolveError(std::vector<Resolution> failures)
    : std::system_error{first_error(failures)}, text_{names_and_reasons(failures)}, failures_{std::move(failures)} {}

}  // namespace multiping
