#include "json/schema.hpp"

#include "json/schema_compiler.hpp"
#include "json/schema_evaluate.hpp"

namespace fmcp::json {
namespace {

class compiled_schema final : public schema {
public:
   compiled_schema(detail::program&& p, dialect d) noexcept : program_(std::move(p)), dialect_(d) {}

   dialect used_dialect() const noexcept override { return dialect_; }

   bool accepts(const value& instance, const check_limits& bounds) const override {
      return detail::evaluation<false>(program_, bounds).run(instance);
   }

   std::vector<violation> check(const value& instance, const check_limits& bounds) const override {
      if (accepts(instance, bounds)) return {};
      detail::evaluation<true> explained(program_, bounds);
      static_cast<void>(explained.run(instance));
      return explained.take_reasons();
   }

private:
   detail::program program_;
   dialect dialect_;
};

} // namespace

core::result<std::shared_ptr<const schema>> schema::compile(std::string_view text,
                                                            const schema_options& options) {
   detail::compiler work(options);
   auto compiled = work.run(text);
   if (!compiled) return std::unexpected(std::move(compiled).error());
   return std::make_shared<const compiled_schema>(std::move(*compiled), work.used_dialect());
}

} // namespace fmcp::json
