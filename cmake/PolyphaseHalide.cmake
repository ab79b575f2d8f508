# Halide::Runtime, HalideRuntime.h alone, and for the command also Halide::Halide, from the unpacked Python wheel in .deps or from
# POLYPHASE_HALIDE_ROOT. Halide's own CMake package also asks for the host's Python, libpng and libjpeg, none of which the compiler
# library needs; hence the searches here.
set(POLYPHASE_HALIDE_ROOT "${PROJECT_SOURCE_DIR}/.deps/halide/halide"
    CACHE PATH "Where Halide lies: the directory that holds include/Halide.h and lib/ or lib64/libHalide.so")

# The build machine's command that makes code for the target, where this build does not make it itself.
set(POLYPHASE_HOST_COMMANDS "")
if(NOT POLYPHASE_BUILD_TOOLS AND POLYPHASE_EXECUTABLE)
    get_filename_component(POLYPHASE_HOST_COMMANDS "${POLYPHASE_EXECUTABLE}" REALPATH)
    get_filename_component(POLYPHASE_HOST_COMMANDS "${POLYPHASE_HOST_COMMANDS}" DIRECTORY)
endif()

if(NOT TARGET Halide::Runtime)
    # An installed command brings the header.
    find_path(
        POLYPHASE_HALIDE_RUNTIME_INCLUDE_DIR HalideRuntime.h
        HINTS "${POLYPHASE_HALIDE_ROOT}/include" "${POLYPHASE_HOST_COMMANDS}/../${CMAKE_INSTALL_DATADIR}/polyphase/include"
        NO_CMAKE_FIND_ROOT_PATH)
    mark_as_advanced(POLYPHASE_HALIDE_RUNTIME_INCLUDE_DIR)
    if(NOT POLYPHASE_HALIDE_RUNTIME_INCLUDE_DIR)
        message(
            FATAL_ERROR
                "Polyphase needs Halide 21 or newer and found no HalideRuntime.h in ${POLYPHASE_HALIDE_ROOT}/include. "
                "Run scripts/setup, or set POLYPHASE_HALIDE_ROOT to a directory with include/Halide.h and lib/libHalide.so.")
    endif()
    # Halide.h is a megabyte; the runtime's header carries the same version numbers near its top.
    file(STRINGS "${POLYPHASE_HALIDE_RUNTIME_INCLUDE_DIR}/HalideRuntime.h" version_lines
         REGEX "^#define HALIDE_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" Polyphase_HALIDE_VERSION
                         "${version_lines}")
    if(Polyphase_HALIDE_VERSION VERSION_LESS 21)
        message(FATAL_ERROR "Polyphase needs Halide 21 or newer; ${POLYPHASE_HALIDE_RUNTIME_INCLUDE_DIR} has ${Polyphase_HALIDE_VERSION}.")
    endif()
    add_library(Halide::Runtime INTERFACE IMPORTED GLOBAL)
    set_target_properties(Halide::Runtime PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${POLYPHASE_HALIDE_RUNTIME_INCLUDE_DIR}")
endif()

if(NOT TARGET Halide::Halide AND NOT POLYPHASE_HOST_COMMANDS)
    find_path(POLYPHASE_HALIDE_INCLUDE_DIR Halide.h HINTS "${POLYPHASE_HALIDE_ROOT}" PATH_SUFFIXES include)
    find_library(POLYPHASE_HALIDE_LIBRARY Halide HINTS "${POLYPHASE_HALIDE_ROOT}" PATH_SUFFIXES lib64 lib)
    mark_as_advanced(POLYPHASE_HALIDE_INCLUDE_DIR POLYPHASE_HALIDE_LIBRARY)
    if(NOT POLYPHASE_HALIDE_INCLUDE_DIR OR NOT POLYPHASE_HALIDE_LIBRARY)
        message(
            FATAL_ERROR
                "Polyphase needs Halide 21 or newer and found none in ${POLYPHASE_HALIDE_ROOT}. "
                "Run scripts/setup, or set POLYPHASE_HALIDE_ROOT to a directory with include/Halide.h and lib/libHalide.so. "
                "When cross-compiling, POLYPHASE_BUILD_TOOLS=OFF and POLYPHASE_EXECUTABLE say that the command lies elsewhere.")
    endif()
    add_library(Halide::Halide SHARED IMPORTED GLOBAL)
    set_target_properties(
        Halide::Halide
        PROPERTIES IMPORTED_LOCATION "${POLYPHASE_HALIDE_LIBRARY}"
                   INTERFACE_INCLUDE_DIRECTORIES "${POLYPHASE_HALIDE_INCLUDE_DIR}"
                   INTERFACE_COMPILE_FEATURES cxx_std_17)
    message(STATUS "Halide ${Polyphase_HALIDE_VERSION}: ${POLYPHASE_HALIDE_LIBRARY}")
endif()
