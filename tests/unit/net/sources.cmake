fmcp_unit_test(net SOURCES chunk_decoder_test.cpp exchange_test.cpp http_server_test.cpp raw_client.cpp
                           request_head_test.cpp timer_wheel_test.cpp
               USES fmcp_net)
