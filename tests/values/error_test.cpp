// Tests the texts of error codes and exceptions, and that an exception names every host that failed.
#include "multiping/error.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace multiping;

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(every_error_has_words_of_its_own) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::broker_protocol); ++value) {
    const auto message = make_error_code(static_cast<Errc>(value)).message();
    BOOST_TEST(message.find("unknown") == message.npos);
    messages.insert(message);
  }
  BOOST_TEST(messages.size() == 9U);
  BOOST_TEST(make_error_code(static_cast<Errc>(99)).message() == "unknown error 99");
}

BOOST_AUTO_TEST_CASE(errors_are_error_codes) {
  const std::error_code error = Errc::no_address;
  BOOST_TEST(error.category().name() == "multiping");
  BOOST_TEST((error == Errc::no_address));
  BOOST_TEST((error != Errc::lookup_failed));
  BOOST_TEST(static_cast<bool>(error));
}

BOOST_AUTO_TEST_CASE(errors_answer_to_the_names_of_the_standard) {
  BOOST_TEST((make_error_code(Errc::lookup_failed) == std::errc::resource_unavailable_try_again));
  BOOST_TEST((make_error_code(Errc::lookup_timeout) == std::errc::timed_out));
  BOOST_TEST((make_error_code(Errc::probe_too_large) == std::errc::message_size));
  BOOST_TEST((make_error_code(Errc::not_supported) == std::errc::not_supported));
  BOOST_TEST((make_error_code(Errc::broker_denied) == std::errc::permission_denied));
  BOOST_TEST((make_error_code(Errc::broker_protocol) == std::errc::protocol_error));
  BOOST_TEST((make_error_code(Errc::no_address) != std::errc::timed_out));
}

BOOST_AUTO_TEST_CASE(a_resolve_error_names_every_name_with_its_reason) {
  const ResolveError error{{{"nosuch.example", {}, Errc::no_address},
                            {"1.2.3.4 junk", {}, Errc::no_address},
                            {"slow.example", {}, Errc::lookup_timeout}}};
  BOOST_TEST(std::string{error.what()} ==
             "cannot resolve nosuch.example (no such name or address), \"1.2.3.4 junk\" (no such name or address), "
             "slow.example (the lookup did not end in time)");
  BOOST_TEST((error.code() == Errc::no_address));
  BOOST_TEST(error.failures().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_resolve_error_survives_a_copy) {
  auto original = std::make_unique<ResolveError>(std::vector<Resolution>{{"a.example", {}, Errc::lookup_failed}});
  const ResolveError copy = *original;
  original.reset();
  BOOST_TEST(std::string{copy.what()} == "cannot resolve a.example (the lookup failed, and may succeed later)");
  BOOST_TEST((copy.code() == Errc::lookup_failed));
}

BOOST_AUTO_TEST_CASE(a_resolve_error_without_failures_is_still_an_error) {
  BOOST_TEST(static_cast<bool>(ResolveError{{}}.code()));
}

BOOST_AUTO_TEST_CASE(a_permission_error_is_a_system_error) {
  const PermissionError error{std::make_error_code(std::errc::operation_not_permitted), "cannot open a raw socket"};
  BOOST_TEST(std::string{error.what()}.starts_with("cannot open a raw socket"));
}

BOOST_AUTO_TEST_SUITE_END()
