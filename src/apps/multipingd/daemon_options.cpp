// Parses the command line by CLI11. Every value is taken as text and checked here, so that all error messages have the
// same form: option, value, what it must be. See options.hpp.
#include "apps/multipingd/daemon_options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "icmp4em/proxy_address_text.hpp"
#include "multiping/version.hpp"

namespace multiping::daemon {
namespace {

constexpr std::size_t longest_path = 107;  // bytes that fit in sockaddr_un

[[noreturn]] void refuse(std::string_view option, std::string_view value, std::string_view wanted) {
  throw std::invalid_argument{std::string{option} + " is " + std::string{value.empty() ? "empty" : value} +
                              "; it must be " + std::string{wanted}};
}

std::optional<std::size_t> to_number(std::string_view text, int base = 10) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Range {
  std::size_t least, most;
};

void take_number(std::string_view option, const std::string& text, Range range, std::size_t& out) {
  if (text.empty()) return;
  const auto value = to_number(text);
  if (!value || *value < range.least || *value > range.most)
    refuse(option, text, std::to_string(range.least) + " to " + std::to_string(range.most));
  out = *value;
}

void take_mode(const std::string& text, mode_t& out) {
  if (text.empty()) return;
  const auto value = to_number(text, 8);
  if (!value || *value > 0777) refuse("--mode", text, "octal, 0 to 0777");
  out = static_cast<mode_t>(*value);
}

void check_path(const std::string& path) {
  if (path.empty() || path.front() != '/' || path.back() == '/' || path.size() > longest_path)
    refuse("--socket", path, "an absolute path of at most " + std::to_string(longest_path) + " bytes");
}

/// The same form as TransportOptions::proxy, but no name is looked up.
std::optional<ListeningAddress> to_listening_address(std::string_view text) {
  const auto name = read_proxy_name(text.empty() ? "127.0.0.1" : text);
  const auto host = name ? Address::parse(name->host) : std::nullopt;
  if (!host) return std::nullopt;
  return ListeningAddress{.host = *host, .port = name->port};
}

/// Parses "10.0.0.0/8" or a single address.
std::optional<ClientPrefix> to_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::size_t bits = address->bytes().size() * 8;
  const auto prefix = slash == std::string_view::npos ? std::optional{bits} : to_number(text.substr(slash + 1));
  if (!prefix || *prefix > bits) return std::nullopt;
  return ClientPrefix{.address = *address, .prefix = static_cast<unsigned>(*prefix)};
}

/// The values as text, filled in by CLI11.
struct Texts {
  std::string mode, max_sockets, max_sockets_per_user, rate, ready, receive_buffer;
  std::vector<std::string> icmp4em, icmp4em_allow;
};

void add_access_options(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--socket", options.socket, "Path of the socket (/run/multiping/multiping.sock)")->type_name("PATH");
  app.add_option("--mode", texts.mode, "Permissions of the socket, octal (0666)")->type_name("MODE");
  app.add_option("--socket-group", options.socket_group, "Group of the socket")->type_name("GROUP");
  app.add_flag("--activated", options.activated, "The socket is descriptor 3 and listens, as systemd gives it");
  app.add_option("--allow-user", options.allow_users, "Users who may ask (whoever can open the socket)")
      ->type_name("USER");
  app.add_option("--allow-group", options.allow_groups, "Groups whose members may ask")->type_name("GROUP");
  app.add_option("--user", options.user, "User to become (multiping)")->type_name("USER");
  app.add_option("--group", options.group, "Group to become, the one that may ping (multiping)")->type_name("GROUP");
}

void add_limit_options(CLI::App& app, Texts& texts) {
  app.add_option("--max-sockets", texts.max_sockets, "Ping sockets of all users that are alive at once (4096)")
      ->type_name("N");
  app.add_option("--max-sockets-per-user", texts.max_sockets_per_user, "Ping sockets of one user (1024)")
      ->type_name("N");
  app.add_option("--rate", texts.rate, "Requests of one user in a second; 0: unlimited (1000)")->type_name("N");
  app.add_option("--ready", texts.ready, "Ping sockets of each family that are made beforehand (16)")->type_name("N");
  app.add_option("--receive-buffer", texts.receive_buffer, "Bytes of a ping socket's receive buffer (4194304)")
      ->type_name("BYTES");
}

void add_icmp4em_options(CLI::App& app, Texts& texts) {
  app.add_option("--icmp4em", texts.icmp4em, "Serve the proxy protocol of icmp4em by UDP (127.0.0.1:63312)")
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("[HOST:PORT]");
  app.add_option("--icmp4em-allow", texts.icmp4em_allow, "Networks whose hosts may use it (this host only)")
      ->type_name("NETWORK");
}

void take_icmp4em(const Texts& texts, Options& options) {
  for (const std::string& text : texts.icmp4em) {
    const auto address = to_listening_address(text);
    if (!address) refuse("--icmp4em", text, "a numeric HOST:PORT, like 127.0.0.1:63312 or [::1]:63312");
    options.icmp4em.push_back(*address);
  }
  for (const std::string& text : texts.icmp4em_allow) {
    const auto network = to_network(text);
    if (!network) refuse("--icmp4em-allow", text, "a numeric network, like 192.0.2.0/24");
    options.icmp4em_allow.push_back(*network);
  }
  if (options.icmp4em.empty() && !options.icmp4em_allow.empty())
    throw std::invalid_argument{"--icmp4em-allow has no meaning without --icmp4em"};
}

void check_together(const Options& options, const Texts& texts) {
  if (options.activated && (!texts.mode.empty() || !options.socket_group.empty()))
    throw std::invalid_argument{"--mode and --socket-group have no meaning with --activated: systemd made the socket"};
  for (const ListeningAddress& address : options.icmp4em) {
    if (is_loopback(address.host) || !options.icmp4em_allow.empty()) continue;
    throw std::invalid_argument{
        "--icmp4em is " + address.host.to_string() +
        "; it must be a loopback address, or --icmp4em-allow must name the networks of clients"};
  }
}

void take_values(const Texts& texts, Options& options) {
  constexpr Range counts{1, 65536};
  check_path(options.socket);
  take_mode(texts.mode, options.mode);
  take_number("--max-sockets", texts.max_sockets, counts, options.max_sockets);
  take_number("--max-sockets-per-user", texts.max_sockets_per_user, counts, options.max_sockets_per_user);
  take_number("--rate", texts.rate, {0, 1'000'000}, options.rate);
  take_number("--ready", texts.ready, {0, 256}, options.ready);
  take_number("--receive-buffer", texts.receive_buffer, {4096, std::size_t{1} << 30U}, options.receive_buffer);
  take_icmp4em(texts, options);
  check_together(options, texts);
}

}  // namespace

std::variant<Options, Answer> parse_options(int argc, const char* const* argv) {
  CLI::App app{"Hands ping sockets to processes that may not open any. See multipingd(8).", "multipingd"};
  Options options;
  Texts texts;
  add_access_options(app, options, texts);
  add_limit_options(app, texts);
  add_icmp4em_options(app, texts);
  app.add_flag("--check", options.check, "Start, verify, print what was found and end without serving");
  app.set_version_flag("--version", "multipingd " + std::string{version()});
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Answer{app.help()};
  } catch (const CLI::CallForVersion&) {
    return Answer{app.version() + "\n"};
  } catch (const CLI::ParseError& error) {
    throw std::invalid_argument{error.what()};
  }
  take_values(texts, options);
  return options;
}

}  // namespace multiping::daemon
