#include "client/event_stream.hpp"

namespace fmcp::client {

bool event_stream::feed(std::string_view bytes, const sink& to) {
   while (!bytes.empty() && !is_broken_) {
      // CR, LF and CRLF end a line, also when a piece ends between the two.
      if (after_return_ && bytes.front() == '\n') bytes.remove_prefix(1);
      after_return_ = false;
      const auto end = bytes.find_first_of("\r\n");
      line_.append(bytes.substr(0, end));
      if (line_.size() + data_.size() > max_event_) is_broken_ = true;
      if (end == bytes.npos || is_broken_) break;
      after_return_ = bytes[end] == '\r';
      bytes.remove_prefix(end + 1);
      std::string_view line = line_;
      if (at_start_ && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
      at_start_ = false;
      take_line(line, to);
      line_.clear();
   }
   return !is_broken_;
}

void event_stream::take_line(std::string_view line, const sink& to) {
   if (line.empty()) {
      last_id_ = id_;
      // An event without any data is none: keep-alives, and the priming event of 2025-11-25.
      if (has_data_ && !data_.empty())
         to({type_.empty() ? std::string_view("message") : type_, data_});
      type_.clear();
      data_.clear();
      has_data_ = false;
      return;
   }
   const auto colon = line.find(':');
   const auto name = line.substr(0, colon);
   auto value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
   if (value.starts_with(' ')) value.remove_prefix(1);
   if (name == "data") {
      if (has_data_) data_ += '\n';
      data_ += value;
      has_data_ = true;
   } else if (name == "event") {
      type_ = value;
   } else if (name == "id" && !value.contains('\0')) {
      id_ = value;
   }
}

} // namespace fmcp::client
