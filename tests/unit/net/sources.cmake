fmcp_unit_test(net
  SOURCES address_class_test.cpp
          chunk_decoder_test.cpp
          exchange_test.cpp
          fake_names.cpp
          fetch_exchange_test.cpp
          fetcher_hostile_test.cpp
          fetcher_reach_test.cpp
          fetcher_test.cpp
          fetcher_tls_test.cpp
          held_test.cpp
          http_server_test.cpp
          line_splitter_test.cpp
          listen_test.cpp
          proxy_rules_test.cpp
          raw_client.cpp
          request_head_test.cpp
          scripted_server.cpp
          stdio_test.cpp
          timer_wheel_test.cpp
          tls_test.cpp
          token_line_test.cpp
          url_test.cpp
  USES fmcp_net)
# The TLS tests make certificates and are a client.
find_package(OpenSSL 3.0 REQUIRED)
target_link_libraries(net_test PRIVATE OpenSSL::SSL)
