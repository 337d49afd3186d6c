#include "support/host_process.hpp"

#include <charconv>
#include <stdexcept>

#include <gtest/gtest.h>

namespace fmcp::test {
namespace {

start_options options_for(const host_setup& setup, const temp_dir& directory,
                          std::vector<std::string> transport) {
   start_options o;
   o.program = host_program();
   o.directory = directory.path();
   o.arguments = {"run"};
   for (const auto& name : setup.plugins) o.arguments.push_back(test_plugin(name));
   o.arguments.insert(o.arguments.end(), transport.begin(), transport.end());
   // An empty one: what lies in the installed one is none of the test's business.
   o.arguments.insert(o.arguments.end(), {"--plugin-dir", directory.at("plugins")});
   o.arguments.insert(o.arguments.end(), setup.options.begin(), setup.options.end());
   o.environment = {{"HOME", directory.path()}, {"FASTMCP_HOME", directory.at("home")}};
   o.environment.insert(o.environment.end(), setup.environment.begin(), setup.environment.end());
   directory.put("plugins/.keep", "");
   return o;
}

} // namespace

std::string host_program() {
   return FMCP_TEST_BINARY_DIR "/bin/fastmcp-host";
}

std::string test_plugin(std::string_view name) {
   return std::string(FMCP_TEST_BINARY_DIR "/tests/plugins/").append(name) + ".so";
}

http_host::http_host(const host_setup& setup)
    : process_(options_for(setup, directory_,
                           {"--transport", "http", "--host", "127.0.0.1", "--port", "0"})) {
   const auto line = process_.wait_for_line("listening url=\"");
   if (!line)
      throw std::runtime_error("the host names no URL; it printed:\n" + process_.error_text());
   const auto begin = line->find("url=\"") + 5;
   url_ = line->substr(begin, line->find('"', begin) - begin);
   const auto authority_at = url_.find("//") + 2;
   const auto colon = url_.find(':', authority_at);
   const auto slash = url_.find('/', authority_at);
   if (colon == std::string::npos || slash == std::string::npos)
      throw std::runtime_error("the host names a URL without port or path: " + *line);
   std::from_chars(url_.data() + colon + 1, url_.data() + slash, port_);
   path_ = url_.substr(slash);
}

std::string http_host::authority() const {
   return "127.0.0.1:" + std::to_string(port_);
}

stdio_host::stdio_host(const host_setup& setup)
    : process_([&] {
         auto o = options_for(setup, directory_, {"--transport", "stdio"});
         o.pipes_stdin = o.pipes_stdout = true;
         return o;
      }()) {}

void stdio_host::send(std::string_view line) {
   process_.write(std::string(line) + "\n");
}

std::string stdio_host::receive() {
   auto line = process_.read_line();
   if (!line) ADD_FAILURE() << "no line came; the host logged:\n" << process_.error_text();
   return std::move(line).value_or("");
}

std::string stdio_host::ask(std::string_view line) {
   send(line);
   return receive();
}

finished run_host(const std::vector<std::string>& words, const temp_dir& directory,
                  std::vector<std::pair<std::string, std::string>> environment) {
   start_options o;
   o.program = host_program();
   o.arguments = words;
   o.directory = directory.path();
   o.environment = std::move(environment);
   o.environment.emplace_back("HOME", directory.path());
   return run_to_end(std::move(o));
}

} // namespace fmcp::test
