fmcp_unit_test(crypto SOURCES digest_test.cpp USES fmcp_crypto)
