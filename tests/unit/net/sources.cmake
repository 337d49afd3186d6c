fmcp_unit_test(net SOURCES chunk_decoder_test.cpp exchange_test.cpp held_test.cpp http_server_test.cpp line_splitter_test.cpp
                           listen_test.cpp raw_client.cpp request_head_test.cpp stdio_test.cpp timer_wheel_test.cpp
                           tls_test.cpp
               USES fmcp_net)
# The TLS tests make certificates and are a client.
find_package(OpenSSL 3.0 REQUIRED)
target_link_libraries(net_test PRIVATE OpenSSL::SSL)
