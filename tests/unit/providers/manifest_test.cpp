// What the host reads of the shipped providers before any of their code runs.

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/declaration.hpp"
#include "plugins/elf_image.hpp"
#include "json/document.hpp"

namespace fmcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The manifest in the note of one built file.
std::string manifest_of(const std::string& name) {
   std::ifstream in(FMCP_TEST_BINARY_DIR "/lib/fastmcp-host/auth/" + name + ".so",
                    std::ios::binary);
   const std::string bytes{std::istreambuf_iterator<char>(in), {}};
   const auto image = plugins::elf_image::parse(bytes);
   if (!image) throw std::runtime_error(name + " " + image.error().message);
   const auto facts = plugins::lint(*image);
   if (!facts || facts->export_count != 1 || facts->unique_count != 0) {
      throw std::runtime_error(name + " displeases the lint");
   }
   const auto note = plugins::find_note(*image);
   if (!note) throw std::runtime_error(name + " " + note.error().message);
   return std::string(note->text);
}

std::vector<std::string> strings(const json::value& object, std::string_view key) {
   std::vector<std::string> out;
   for (const auto& item : object.find(key)->items()) out.emplace_back(item.string());
   return out;
}

struct row {
   const char *file, *prefix;
   std::vector<std::string> aliases, required, secrets;
};

TEST(ProviderManifest, SaysHowEachProviderIsSelectedAndSet) {
   const std::string path = "fastmcp.server.auth.providers.";
   const row rows[] = {
         {"descope", "DESCOPEPROVIDER", {path + "descope.DescopeProvider"}, {"base_url"}, {}},
         {"jwt",
          "JWT",
          {path + "jwt.JWTVerifier", path + "bearer.BearerAuthProvider"},
          {},
          {"public_key"}},
         {"static", "STATIC", {path + "jwt.StaticTokenVerifier"}, {"tokens_file"}, {}},
         {"introspection",
          "INTROSPECTION",
          {path + "introspection.IntrospectionTokenVerifier"},
          {"introspection_url", "client_id", "client_secret"},
          {"client_secret"}},
   };
   for (const auto& r : rows) {
      json::document document;
      const auto text = manifest_of(r.file);
      const auto root = document.parse_copy(text);
      ASSERT_TRUE(root) << r.file;
      EXPECT_THAT(strings(**root, "kind"), ElementsAre("auth")) << r.file;
      EXPECT_THAT(strings(**root, "provides"), ElementsAre("fmcp.auth/1")) << r.file;
      EXPECT_EQ((*root)->find_string("license"), "Apache-2.0") << r.file;
      const auto& auth = *(*root)->find("auth");
      EXPECT_THAT(strings(auth, "names"), ElementsAre(r.file));
      EXPECT_EQ(strings(auth, "aliases"), r.aliases) << r.file;
      EXPECT_EQ(auth.find_string("env_prefix"), r.prefix);
      const auto declared = config::read_declarations(**root);
      ASSERT_TRUE(declared) << r.file << ": " << declared.error().message;
      std::vector<std::string> required, secrets;
      for (const auto& d : declared->settings) {
         if (d.is_required) required.push_back(d.name);
         if (d.type == config::plugin_type::secret) secrets.push_back(d.name);
         EXPECT_FALSE(d.help.empty()) << r.file << " " << d.name;
      }
      EXPECT_EQ(required, r.required) << r.file;
      EXPECT_EQ(secrets, r.secrets) << r.file;
   }
}

TEST(ProviderManifest, RelationsBetweenSettingsAreSaidBeforehand) {
   EXPECT_THAT(manifest_of("descope"), HasSubstr(R"("any_of":[["config_url","project_id"]])"));
   EXPECT_THAT(manifest_of("jwt"), HasSubstr(R"("one_of":[["public_key","jwks_uri"]])"));
   EXPECT_THAT(manifest_of("jwt"), HasSubstr(R"(["audience","allow_any_audience"])"));
}

TEST(ProviderManifest, UrlsThatAreFetchedAreSafeByDeclaration) {
   for (const auto& [file, setting] :
        {std::pair{"descope", "config_url"}, std::pair{"descope", "descope_base_url"},
         std::pair{"jwt", "jwks_uri"}, std::pair{"introspection", "introspection_url"}}) {
      json::document document;
      const auto text = manifest_of(file);
      const auto root = document.parse_copy(text);
      ASSERT_TRUE(root);
      const auto declared = config::read_declarations(**root);
      ASSERT_TRUE(declared);
      for (const auto& d : declared->settings) {
         if (d.name != setting) continue;
         EXPECT_THAT(d.schemes, ElementsAre("https", "http+loopback")) << file << " " << setting;
      }
   }
}

/// What the host says of a value before the provider runs; empty: nothing.
std::string complaint_about(const char* file, std::string_view setting, std::string text) {
   json::document document;
   const auto manifest = manifest_of(file);
   const auto root = document.parse_copy(manifest);
   const auto declared = config::read_declarations(**root);
   for (const auto& d : declared->settings) {
      if (d.name != setting) continue;
      config::entry e;
      e.texts = {std::move(text)};
      const auto value = config::convert(d, e);
      return value ? "" : value.error();
   }
   return "no such setting";
}

TEST(ProviderManifest, FormsAreSaidBeforehand) {
   const std::string base = "https://api.descope.com";
   for (const char* good :
        {"/v1/apps/P2abc", "/v1/apps/P2abc/", "/v1/apps/agentic/P2abc/M1", "/v1/apps/agentic2",
         "/v1/apps/agentic/P2abc/M1/.well-known/openid-configuration",
         "/v1/apps/P2abc/.well-known/oauth-authorization-server/", "/x/v1/apps/P-2_a"})
      EXPECT_EQ(complaint_about("descope", "config_url", base + good), "") << good;
   for (const char* bad :
        {"", "/v1/apps/", "/v1/apps/agentic", "/v1/apps/agentic/", "/v1/apps/P2abc/T1",
         "/v1/apps//P2abc", "/v1/apps/agentic/P2abc/M1/more", "/v1/apps/agentic/P2abc/*",
         "/v1/apps/agentic//M1", "/v1/apps/P2abc?x=1", "/v1/apps/P2abc//", "/P2abc"})
      EXPECT_THAT(complaint_about("descope", "config_url", base + bad), HasSubstr("of the form"))
            << bad;
   for (const char* setting : {"project_id", "mcp_server_id"}) {
      EXPECT_EQ(complaint_about("descope", setting, "P2-a_Z"), "") << setting;
      for (const char* bad : {"*", "P/2", "..", "P 2", "P2\n"})
         EXPECT_THAT(complaint_about("descope", setting, bad), HasSubstr("console")) << bad;
   }
   EXPECT_THAT(complaint_about("descope", "project_id", "agentic"), HasSubstr("console"));
   EXPECT_EQ(complaint_about("jwt", "algorithm", "es256, EdDSA"), "");
   EXPECT_THAT(complaint_about("jwt", "algorithm", "RS256, none"), HasSubstr("\"none\""));
   EXPECT_THAT(complaint_about("jwt", "algorithm", ""), HasSubstr("less than 1"));
}

TEST(ProviderManifest, DescopeNeedsNoSchemeAndAudiencesAreNotSplit) {
   EXPECT_THAT(manifest_of("descope"), HasSubstr(R"("assume_scheme":"https")"));
   for (const char* file : {"jwt", "introspection"}) {
      json::document document;
      const auto text = manifest_of(file);
      const auto root = document.parse_copy(text);
      ASSERT_TRUE(root);
      for (const auto& s : (*root)->find("settings")->items()) {
         const auto name = s.find_string("name");
         if (name != "issuer" && name != "audience") continue;
         const auto* split = s.find("split");
         ASSERT_NE(split, nullptr) << file << " " << *name;
         EXPECT_FALSE(split->boolean());
      }
   }
}

} // namespace
} // namespace fmcp
