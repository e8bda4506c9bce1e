# Order matters: gRPC's CONFIG file needs protobuf's targets to exist already.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Protobuf)
find_dependency(gRPC CONFIG)
find_dependency(OpenSSL)
find_dependency(nlohmann_json CONFIG)
find_dependency(spdlog CONFIG)
include(${CMAKE_CURRENT_LIST_DIR}/bellwether-targets.cmake)
