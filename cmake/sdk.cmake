# The election as an installed library: `cmake --install build --component sdk`, then find_package(bellwether) and
# bellwether::sdk in another project (tests/example/installed). Installs the rooms that it stands on, and of their headers those
# that sdk/bellwether.h includes.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/bellwether)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/bellwether)

install(TARGETS bellwether_flags proto_etcd base loop tls etcd election sdk EXPORT bellwether
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
install(EXPORT bellwether NAMESPACE bellwether:: FILE bellwether-targets.cmake
  DESTINATION ${package} COMPONENT sdk)
install(FILES controller/sdk/bellwether.h DESTINATION ${headers}/sdk COMPONENT sdk)
install(FILES controller/election/leadership.h DESTINATION ${headers}/election COMPONENT sdk)
install(FILES controller/base/check.h controller/base/ids.h controller/base/result.h controller/base/time.h
  DESTINATION ${headers}/base COMPONENT sdk)
write_basic_package_version_file(bellwether-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/bellwether-config.cmake ${PROJECT_BINARY_DIR}/bellwether-config-version.cmake
  DESTINATION ${package} COMPONENT sdk)
