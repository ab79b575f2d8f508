# cmake --install: the command with the Halide that it loads, the runtime, and the package for find_package(Polyphase).
option(POLYPHASE_INSTALL "Install Polyphase with this project" ${PROJECT_IS_TOP_LEVEL})
if(NOT POLYPHASE_INSTALL)
    return()
endif()

include(CMakePackageConfigHelpers)
set(package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/Polyphase")

install(TARGETS polyphase_runtime EXPORT PolyphaseTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/runtime/include/polyphase" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET polyphase)
    # The command finds libHalide.so beside its own prefix's libraries, wherever the prefix is moved.
    file(RELATIVE_PATH bin_to_lib "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
    set_target_properties(polyphase PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
    install(TARGETS polyphase EXPORT PolyphaseTargets RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    # What a cross build of the runtime needs.
    set_target_properties(polyphase_halide_runtime PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
    install(TARGETS polyphase_halide_runtime RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    get_target_property(halide_include Halide::Runtime INTERFACE_INCLUDE_DIRECTORIES)
    install(FILES "${halide_include}/HalideRuntime.h" DESTINATION "${CMAKE_INSTALL_DATADIR}/polyphase/include")
    install(IMPORTED_RUNTIME_ARTIFACTS Halide::Halide LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/schedules/records" DESTINATION "${CMAKE_INSTALL_DATADIR}/polyphase" FILES_MATCHING
            PATTERN "*.json")
    install(FILES "${PROJECT_SOURCE_DIR}/docs/problem.schema.json" DESTINATION "${CMAKE_INSTALL_DATADIR}/polyphase")
endif()

install(EXPORT PolyphaseTargets NAMESPACE Polyphase:: DESTINATION "${package_directory}")
string(REGEX REPLACE "^arm64$" "aarch64" package_processor "${CMAKE_SYSTEM_PROCESSOR}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/PolyphaseConfig.cmake.in" "${PROJECT_BINARY_DIR}/PolyphaseConfig.cmake"
                              INSTALL_DESTINATION "${package_directory}")
# Before 1.0 every minor release may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/PolyphaseConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/PolyphaseConfig.cmake" "${PROJECT_BINARY_DIR}/PolyphaseConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/PolyphaseAddKernel.cmake" DESTINATION "${package_directory}")
