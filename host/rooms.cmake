# Which room uses which: the whole dependency graph of the host, in one place.
fmcp_room(core
  SOURCES base64.cpp clock.cpp http.cpp log.cpp safe_path.cpp text.cpp utf8.cpp
  USES fmt::fmt
  PRIVATE spdlog::spdlog Threads::Threads)

fmcp_room(json
  SOURCES document.cpp format.cpp format_idn.cpp format_net.cpp format_time.cpp format_uri.cpp number.cpp regex.cpp regex_translate.cpp schema.cpp schema_compiler.cpp
          schema_evaluate.cpp schema_explain.cpp schema_keywords.cpp schema_library.cpp schema_program.cpp
          unique.cpp uri.cpp value.cpp writer.cpp
  USES fmcp_core
  PRIVATE PkgConfig::PCRE2)

fmcp_room(crypto
  SOURCES algorithm.cpp
          digest.cpp
          edwards.cpp
          jwk.cpp
          jwk_set.cpp
          jws.cpp
          kdf.cpp
          pem.cpp
          public_key.cpp
          roca.cpp
          seal.cpp
          secret_key.cpp
          shared_secret.cpp
          signature.cpp
          siphash.cpp
          xaes.cpp
  USES fmcp_core fmcp_json
  PRIVATE OpenSSL::Crypto)

fmcp_room(auth
  SOURCES authorization.cpp
          challenge.cpp
          checked_policy.cpp
          claims.cpp
          explanation.cpp
          forwarded_document.cpp
          freshness.cpp
          gate.cpp
          issuer_pattern.cpp
          jwt_service.cpp
          key_source.cpp
          metadata.cpp
          metadata_routes.cpp
          rate_limit.cpp
          refusals.cpp
          token_cache.cpp
          worker.cpp
  USES fmcp_core fmcp_json fmcp_crypto
  PRIVATE Threads::Threads)

fmcp_room(store COLD
  SOURCES async_store.cpp key_file.cpp limits.cpp memory_store.cpp state_directory.cpp sealed_store.cpp sqlite_file.cpp
          sqlite_store.cpp
  USES fmcp_core fmcp_crypto
  PRIVATE PkgConfig::SQLITE3 Threads::Threads)

fmcp_room(config COLD
  SOURCES auth_selection.cpp checks.cpp declaration.cpp env_file.cpp gather.cpp layers.cpp load.cpp lookalike.cpp parse.cpp plugin_settings.cpp
          public_url.cpp secret_file.cpp secret_variables.cpp table.cpp
  USES fmcp_core fmcp_json
  PRIVATE Boost::url)

fmcp_room(cli COLD
  SOURCES cli.cpp client_call.cpp client_list.cpp client_options.cpp client_ping.cpp columns.cpp config_show.cpp doctor.cpp help.cpp options.cpp plugins_info.cpp plugins_list.cpp
          providers_describe.cpp providers_list.cpp run.cpp version.cpp
  USES fmcp_client fmcp_config
  PRIVATE CLI11::CLI11)

fmcp_room(plugins
  SOURCES auth_answer.cpp auth_provider.cpp call_table.cpp catalogue.cpp elf_image.cpp elf_lint.cpp errands.cpp
          grants.cpp host.cpp instance.cpp instance_calls.cpp lists.cpp manifest.cpp module.cpp origins.cpp pool.cpp
          principal.cpp registry.cpp results.cpp sealed_copy.cpp service_auth.cpp service_crypto.cpp service_http.cpp
          service_jwt.cpp service_kv.cpp services.cpp setup.cpp staging.cpp timer.cpp
  USES fmcp_core fmcp_json fmcp_sdk
  PRIVATE Boost::headers Boost::url fmcp_crypto Threads::Threads ${CMAKE_DL_LIBS})

fmcp_room(protocol
  SOURCES call_result.cpp
          call_task.cpp
          catalogue.cpp
          content_block.cpp
          event_log.cpp
          header_value.cpp
          http_answer.cpp
          http_endpoint.cpp
          http_fields.cpp
          http_guard.cpp
          http_modern.cpp
          http_post.cpp
          message.cpp
          methods.cpp
          schema_text.cpp
          service.cpp
          session_store.cpp
          session_token.cpp
          sse_stream.cpp
          stdio_endpoint.cpp
          subscription.cpp
          tool_definition.cpp
  USES fmcp_core fmcp_json
  PRIVATE fmcp_crypto)

fmcp_room(net
  SOURCES address_class.cpp chunk_decoder.cpp connection.cpp connection_answer.cpp curl_library.cpp fetch_exchange.cpp
          fetch_now.cpp fetch_policy_check.cpp fetch_transfer.cpp fetcher.cpp http_server.cpp kept_request.cpp
          line_writer.cpp listen.cpp loop.cpp proxy_rules.cpp request_head.cpp response.cpp stdio.cpp task_queue.cpp tls.cpp
          trust_store.cpp url.cpp
  USES fmcp_core
  PRIVATE Boost::headers OpenSSL::SSL Threads::Threads ${CMAKE_DL_LIBS})
# Of libcurl the headers only: it is loaded when something is fetched (net/README.md says why).
target_include_directories(fmcp_net PRIVATE ${CURL_INCLUDE_DIRS})
# Asio's fences are invisible to ThreadSanitizer, which warns of them; the loops need none.
if(FMCP_SANITIZE MATCHES thread)
  target_compile_definitions(fmcp_net PRIVATE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

fmcp_room(client COLD
  SOURCES arguments.cpp
          callback.cpp
          challenge.cpp
          credentials.cpp
          discovery.cpp
          event_stream.cpp
          form.cpp
          header_value.cpp
          mcp_client.cpp
          metadata.cpp
          oauth.cpp
          oauth_messages.cpp
          reach.cpp
          token_file.cpp
  USES fmcp_core fmcp_json fmcp_crypto fmcp_store
  PRIVATE fmcp_net)

fmcp_room(app
  SOURCES authentication.cpp
          bearer_access.cpp
          browser.cpp
          callback_listener.cpp
          client_commands.cpp
          doctor.cpp
          hardening.cpp
          jwt_backend.cpp
          plugin_backend.cpp
          plugin_commands.cpp
          process.cpp
          provider_commands.cpp
          provider_verifier.cpp
          room_options.cpp
          router.cpp
          run.cpp
          serve_http.cpp
          serve_stdio.cpp
          services.cpp
          store_backends.cpp
          token_trial.cpp
  USES fmcp_auth fmcp_cli fmcp_client fmcp_config fmcp_net fmcp_plugins fmcp_protocol fmcp_store)
target_compile_definitions(fmcp_app PUBLIC FMCP_PROGRAM_VERSION="${PROJECT_VERSION}")
