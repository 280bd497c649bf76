// A name server for tests, on port 53 of a network namespace's loopback: gives the test's answers, or keeps silent.
// Also makes the files by which the system's resolver finds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::test {

/// Gives this mount namespace an /etc of its own, with one name server, 127.0.0.1, and these hosts.
void make_resolver_files(const std::string& hosts = {});

struct Question {
  std::string name{};           ///< Without the trailing dot.
  Family family = Family::any;  ///< The family of the addresses asked for; any: the name of an address (PTR).
  int count = 0;                ///< How often it was asked, this time included.
};

/// Response codes of RFC 1035 section 4.1.1.
enum class ResponseCode : std::uint8_t { no_error = 0, server_failure = 2, no_such_name = 3, refused = 5 };

struct Response {
  ResponseCode code = ResponseCode::no_error;
  std::vector<Address> addresses{};  ///< The response has those of the question's family.
  std::string pointer{};             ///< The name for a PTR question; labels of any octets, with dots between them.
};

class NameServer {
 public:
  /// The response to a question; none: the server keeps silent.
  using Answers = std::function<std::optional<Response>(const Question&)>;
  explicit NameServer(Answers answers, const std::string& address = "127.0.0.1");
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  /// How often this name was asked for; the questions for its families count as one.
  [[nodiscard]] int questions(const std::string& name) const;

 private:
  void serve();
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> respond(std::span<const std::uint8_t> query);
  [[nodiscard]] int count(const std::string& name, Family family);

  Answers answers_;
  int socket_ = -1, wake_ = -1;
  mutable std::mutex mutex_{};
  std::map<std::string, std::map<Family, int>> counts_{};
  std::thread thread_{};
};

}  // namespace multiping::test
