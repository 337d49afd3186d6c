fmcp_unit_test(client
  SOURCES arguments_test.cpp
          callback_test.cpp
          challenge_test.cpp
          event_stream_test.cpp
          header_value_test.cpp
          mcp_client_test.cpp
          metadata_test.cpp
          oauth_messages_test.cpp
          oauth_registration_test.cpp
          oauth_test.cpp
          reach_test.cpp
          scripted_exchange.cpp
          token_file_test.cpp
  USES fmcp_client)
