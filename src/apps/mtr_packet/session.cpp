// Commands queue their probes, so that collect() sends many by one system call.
// See session.hpp.
#include "apps/mtr_packet/session.hpp"

#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>

#include "apps/mtr_packet/command.hpp"
#include "apps/mtr_packet/probe_arguments.hpp"

namespace multiping::mtr_packet {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view invalid = "invalid-argument";

std::string_view words_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::version:
      return "invalid-argument reason ip-version-not-supported";
    case Refusal::protocol:
      return "invalid-argument reason protocol-not-supported";
    case Refusal::argument:
      break;
  }
  return invalid;
}

Prober prober_on(const std::shared_ptr<Transport>& transport) {
  Options options;
  options.transport = transport;
  return Prober{options};
}

/// A prober keeps the raw sockets that its first probe has opened. These probes go to this host alone.
void open_sctp_sockets(Prober& prober) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    const auto token = prober.submit(*Address::parse(host), {.probe = {.protocol = Protocol::sctp, .port = 9}});
    static_cast<void>(prober.cancel(token));
  }
}

}  // namespace

Session::Session(const SessionOptions& options) : options_{options} {
  const auto transport = open_transport();
  support_ = {.can = capabilities(*transport), .mark = options.mark};
  support_.sctp = support_.can.sctp;
  lanes_.push_back({.prober = prober_on(transport)});
  if (!support_.sctp) return;
  lanes_.push_back({.prober = prober_on(transport)});
  open_sctp_sockets(lanes_.back().prober);
}

std::size_t Session::in_flight() const noexcept {
  std::size_t sum = 0;
  for (const Lane& lane : lanes_) sum += lane.callers.size();
  return sum;
}

std::vector<int> Session::descriptors() const {
  std::vector<int> all;
  for (const Lane& lane : lanes_) all.push_back(lane.prober.native_handle());
  return all;
}

void Session::wrote(std::size_t bytes) noexcept {
  written_ += bytes;
  if (written_ < output_.size()) return;
  output_.clear();
  written_ = 0;
}

void Session::take(std::string_view bytes) {
  lines_.feed(bytes);
  while (const auto line = lines_.next()) serve(*line);
}

void Session::serve(const CommandLine& line) {
  if (line.overflow) return append_reply(output_, 0, "command-buffer-overflow");
  const auto command = parse_command(line.text);
  if (!command) return append_reply(output_, 0, "command-parse-error");
  serve(*command);
}

void Session::serve(const Command& command) {
  if (command.name == "send-probe") return send_probe(command);
  if (command.name != "check-support") return append_reply(output_, command.token, "unknown-command");
  const auto feature = command.first("feature");
  if (!feature) return append_reply(output_, command.token, invalid);
  append_reply(output_, command.token, "feature-support support " + std::string{support_of(*feature, support_)});
}

void Session::send_probe(const Command& command) {
  const auto read = read_probe(command);
  if (const auto* refusal = std::get_if<Refusal>(&read))
    return append_reply(output_, command.token, words_of(*refusal));
  const auto& asked = std::get<AskedProbe>(read);
  if (asked.submission.probe.protocol == Protocol::sctp && !support_.sctp)
    return append_reply(output_, command.token, words_of(Refusal::protocol));
  if (in_flight() >= options_.most_in_flight) return append_reply(output_, command.token, "probes-exhausted");
  submit(command.token, asked);
}

void Session::submit(std::int64_t token, const AskedProbe& asked) {
  const bool sctp = asked.submission.probe.protocol == Protocol::sctp;
  Lane& lane = sctp ? lanes_.back() : lanes_.front();
  try {
    lane.callers.emplace(lane.prober.queue(asked.target, asked.submission), token);
  } catch (const std::invalid_argument&) {
    append_reply(output_, token, invalid);
  }
}

void Session::collect(std::size_t lane) {
  auto& [prober, callers] = lanes_[lane];
  for (const auto& [done, result] : prober.poll(0s)) {
    const auto caller = callers.find(done);
    if (caller == callers.end()) continue;
    append_result(output_, caller->second, result, options_.dialect);
    callers.erase(caller);
  }
}

}  // namespace multiping::mtr_packet
