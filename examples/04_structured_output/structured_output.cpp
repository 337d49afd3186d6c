// A tool that answers with data: the struct that it returns becomes both the outputSchema, which
// clients see beforehand, and the structuredContent of each answer, which the host checks.

#include <cmath>

#include <fmcp/cpp/plugin.hpp>

struct sample {
   std::vector<double> values;

   void describe(fmcp::fields& f) {
      f("values", values, "The numbers to look at").count(1, 10'000);
   }
};

enum class trend { falling, flat, rising };
inline fmcp::enum_names<trend> describe(trend) {
   return {{trend::falling, "falling"}, {trend::flat, "flat"}, {trend::rising, "rising"}};
}

struct summary {
   std::size_t count = 0;
   double mean = 0;
   double deviation = 0;
   trend direction = trend::flat;

   void describe(fmcp::fields& f) {
      f("count", count, "How many numbers there were");
      f("mean", mean, "Their arithmetic mean");
      f("deviation", deviation, "Their standard deviation");
      f("direction", direction, "Whether the last is above or below the first");
   }
};

class statistics : public fmcp::plugin {
public:
   statistics() {
      add(fmcp::tool("summarize", "Sums up a list of numbers", [](const sample& in) {
             summary out;
             out.count = in.values.size();
             const auto n = static_cast<double>(out.count);
             for (const double v : in.values) out.mean += v / n;
             double square = 0;
             for (const double v : in.values) square += (v - out.mean) * (v - out.mean) / n;
             out.deviation = std::sqrt(square);
             const double change = in.values.back() - in.values.front();
             out.direction = change < 0 ? trend::falling : change > 0 ? trend::rising : trend::flat;
             return out;
          }).read_only());
   }
};

FMCP_PLUGIN(statistics, "com.example.structured-output", "structured_output", "1.0.0");
