# The logic of the shipped authentication providers, and the providers themselves in a fake host.
if(FMCP_BUILD_HOST)
  find_package(OpenSSL 3 REQUIRED)
  fmcp_unit_test(providers
    SOURCES descope_urls_test.cpp introspection_test.cpp jwt_policy_test.cpp manifest_test.cpp providers_test.cpp token_file_test.cpp
    USES fmcp_config fmcp_plugins OpenSSL::Crypto ${CMAKE_DL_LIBS})
  set(provider_sources "${PROJECT_SOURCE_DIR}/plugins/auth")
  target_sources(providers_test PRIVATE
    "${provider_sources}/descope/src/urls.cpp" "${provider_sources}/introspection/src/exchange.cpp"
    "${provider_sources}/jwt/src/policy.cpp" "${provider_sources}/static/src/token_file.cpp"
    "${provider_sources}/static/src/token_table.cpp")
  target_include_directories(providers_test PRIVATE "${provider_sources}")
  add_dependencies(providers_test auth_providers)
endif()
