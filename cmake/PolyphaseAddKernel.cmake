# polyphase_add_kernel(NAME OP operator INPUT 1x128x32x32 ...)
# polyphase_add_kernel(NAME PROBLEM file.json)
#
# Generates a kernel at build time and defines the library target NAME for it: link it, include <NAME.h>. The project needs the language
# C enabled. The second form takes the problem from a file: its only object, which must be called NAME, or the one of its list that is.
#
# Every field of a problem file (docs/problem-file.md) has an argument of its name in upper case; problems in a framework's own terms come
# from a file:
#   INPUT 1x128x32x32                         [N, C, spatial...]
#   KERNEL, STRIDE, DILATION, OUTPUT_PADDING, OUTPUT, OFFSET, BLOCK, RESIZED, INDEX_EXTENT
#                                             one number for all spatial axes, or one each: 4x4
#   SCALE 1.5x2                               the same, with fractions
#   PADS 1x1 | 1:2x0:1 | keras_same           symmetric, begin:end, or a convention
#   ROI 0:0.5x0:1                             begin:end
#   OUT_CHANNELS, GROUPS, CUBIC_COEFF, EXTRAPOLATION    a number
#   BIAS, RESIDUAL, EXCLUDE_OUTSIDE, ANTIALIAS, CEIL_MODE
#                                             nothing, ON or OFF
#   ACTIVATION name [ALPHA a] [MIN lo MAX hi]
#   LAYOUT, INPUT_LAYOUT, OUTPUT_LAYOUT, WEIGHT_LAYOUT, WEIGHT_INITIALIZER, BIAS_INITIALIZER, DTYPE, MODE, COORDINATES,
#   NEAREST_ROUNDING, ORDER, INDICES, STORAGE_ORDER, MODEL, MACHINE
#                                             a name
#   TARGETS t...                              Halide target strings, best first
#
# POLYPHASE_SANITIZER, if set to address or thread, instruments the kernels for programs that are built with that sanitizer.
#
# POLYPHASE_EXECUTABLE, if set, is the `polyphase` command to run: for cross-compiling, one that runs on the build machine. A kernel
# without TARGETS is then for the system that the toolchain file names.
include_guard(GLOBAL)
cmake_policy(PUSH)
cmake_policy(VERSION 3.28)

# Appends `"field": text` to the list `fields` of the caller.
macro(_polyphase_field field text)
    list(APPEND fields "\"${field}\": ${text}")
endmacro()

# Turns AxB into [A, B] and a lone A into A. Parts must match `pattern`.
function(_polyphase_axes result what pattern example text always_list)
    if(NOT text MATCHES "^${pattern}(x${pattern})*$")
        message(FATAL_ERROR "polyphase_add_kernel(${name}): ${what}: expected something like ${example}, found \"${text}\"")
    endif()
    string(REPLACE "x" ";" parts "${text}")
    set(json "")
    foreach(part IN LISTS parts)
        if(part MATCHES ":")
            string(REPLACE ":" ", " part "${part}")
            set(part "[${part}]")
        endif()
        list(APPEND json "${part}")
    endforeach()
    list(LENGTH json count)
    list(JOIN json ", " json)
    if(count GREATER 1 OR always_list)
        set(json "[${json}]")
    endif()
    set(${result} "${json}" PARENT_SCOPE)
endfunction()

# The problem file's text from the arguments of polyphase_add_kernel in `arg_*`.
function(_polyphase_problem_text result)
    set(whole "-?[0-9]+")
    set(number "-?[0-9]+\\.?[0-9]*([eE][-+]?[0-9]+)?")
    set(fields "\"name\": \"${name}\"")
    foreach(argument IN ITEMS OP MODEL MACHINE MODE COORDINATES NEAREST_ROUNDING ORDER INDICES STORAGE_ORDER LAYOUT INPUT_LAYOUT OUTPUT_LAYOUT
                              WEIGHT_LAYOUT WEIGHT_INITIALIZER BIAS_INITIALIZER DTYPE)
        if(DEFINED arg_${argument})
            string(TOLOWER ${argument} field)
            if(arg_${argument} MATCHES "[\"\\\\\n\t\r]")
                message(FATAL_ERROR "polyphase_add_kernel(${name}): ${argument}: quotes, backslashes and line breaks are not allowed")
            endif()
            _polyphase_field(${field} "\"${arg_${argument}}\"")
        endif()
    endforeach()
    if(DEFINED arg_INPUT)
        _polyphase_axes(json INPUT "${whole}" 1x128x32x32 "${arg_INPUT}" TRUE)
        _polyphase_field(input "${json}")
    endif()
    foreach(argument IN ITEMS KERNEL STRIDE DILATION OUTPUT_PADDING OUTPUT OFFSET BLOCK RESIZED INDEX_EXTENT OUT_CHANNELS GROUPS)
        if(DEFINED arg_${argument})
            _polyphase_axes(json ${argument} "${whole}" "4 or 4x4" "${arg_${argument}}" FALSE)
            string(TOLOWER ${argument} field)
            _polyphase_field(${field} "${json}")
        endif()
    endforeach()
    foreach(argument IN ITEMS SCALE CUBIC_COEFF EXTRAPOLATION)
        if(DEFINED arg_${argument})
            _polyphase_axes(json ${argument} "${number}" "0.5 or 1.5x2" "${arg_${argument}}" FALSE)
            string(TOLOWER ${argument} field)
            _polyphase_field(${field} "${json}")
        endif()
    endforeach()
    if(DEFINED arg_PADS)
        if(arg_PADS MATCHES "^[a-z_][a-z_0-9]*$" AND NOT arg_PADS MATCHES "^x")
            _polyphase_field(pads "\"${arg_PADS}\"")
        else()
            _polyphase_axes(json PADS "${whole}(:${whole})?" "1x1, 1:2x1:2 or keras_same" "${arg_PADS}" TRUE)
            if(NOT arg_PADS MATCHES "[:x]")
                set(json "${arg_PADS}")
            endif()
            _polyphase_field(pads "${json}")
        endif()
    endif()
    if(DEFINED arg_ROI)
        _polyphase_axes(json ROI "${number}:${number}" "0:0.5x0:1" "${arg_ROI}" TRUE)
        _polyphase_field(roi "${json}")
    endif()
    foreach(argument IN ITEMS BIAS RESIDUAL EXCLUDE_OUTSIDE ANTIALIAS CEIL_MODE)
        # A flag alone is defined by the caller as ON.
        if(DEFINED arg_${argument})
            string(TOLOWER ${argument} field)
            if(arg_${argument} MATCHES "^(ON|on|TRUE|true|1)$")
                _polyphase_field(${field} true)
            elseif(arg_${argument} MATCHES "^(OFF|off|FALSE|false|0)$")
                _polyphase_field(${field} false)
            else()
                message(FATAL_ERROR "polyphase_add_kernel(${name}): ${argument}: expected nothing, ON or OFF, found \"${arg_${argument}}\"")
            endif()
        endif()
    endforeach()
    set(parameters "")
    foreach(argument IN ITEMS ALPHA MIN MAX)
        if(DEFINED arg_${argument})
            if(NOT DEFINED arg_ACTIVATION)
                message(FATAL_ERROR "polyphase_add_kernel(${name}): ${argument} belongs to an ACTIVATION, and there is none")
            endif()
            _polyphase_axes(json ${argument} "${number}" 0.5 "${arg_${argument}}" FALSE)
            string(TOLOWER ${argument} field)
            string(APPEND parameters ", \"${field}\": ${json}")
        endif()
    endforeach()
    if(DEFINED arg_ACTIVATION)
        if(NOT arg_ACTIVATION MATCHES "^[a-z_0-9]+$")
            message(FATAL_ERROR "polyphase_add_kernel(${name}): ACTIVATION: expected a name such as relu, found \"${arg_ACTIVATION}\"")
        endif()
        if(parameters STREQUAL "")
            _polyphase_field(activation "\"${arg_ACTIVATION}\"")
        else()
            _polyphase_field(activation "{\"name\": \"${arg_ACTIVATION}\"${parameters}}")
        endif()
    endif()
    if(DEFINED arg_TARGETS)
        list(JOIN arg_TARGETS "\", \"" json)
        _polyphase_field(targets "[\"${json}\"]")
    endif()
    list(JOIN fields ",\n " text)
    set(${result} "{${text}}\n" PARENT_SCOPE)
endfunction()

# The problem called `name` in the file `arg_PROBLEM`: the path of a file with that problem alone.
function(_polyphase_problem_from_file result directory)
    cmake_path(ABSOLUTE_PATH arg_PROBLEM BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE file)
    if(NOT EXISTS "${file}")
        message(FATAL_ERROR "polyphase_add_kernel(${name}): PROBLEM: there is no file ${file}")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(JSON type ERROR_VARIABLE error TYPE "${text}")
    if(error)
        message(FATAL_ERROR "polyphase_add_kernel(${name}): ${file}: ${error}")
    endif()
    set(found "")
    if(type STREQUAL "OBJECT")
        string(JSON found ERROR_VARIABLE error GET "${text}" name)
        if(found STREQUAL name)
            set(${result} "${file}" PARENT_SCOPE)
            return()
        endif()
    elseif(type STREQUAL "ARRAY")
        string(JSON count LENGTH "${text}")
        if(count GREATER 0)
            math(EXPR last "${count} - 1")
            foreach(i RANGE ${last})
                string(JSON problem_name ERROR_VARIABLE error GET "${text}" ${i} name)
                list(APPEND found "${problem_name}")
                if(problem_name STREQUAL name)
                    string(JSON problem GET "${text}" ${i})
                    _polyphase_write_if_different("${directory}/${name}.problem.json" "${problem}\n")
                    set(${result} "${directory}/${name}.problem.json" PARENT_SCOPE)
                    return()
                endif()
            endforeach()
        endif()
    endif()
    list(JOIN found ", " found)
    message(FATAL_ERROR "polyphase_add_kernel(${name}): ${file}: expected a problem called \"${name}\", found: ${found}")
endfunction()

function(_polyphase_write_if_different file text)
    if(EXISTS "${file}")
        file(READ "${file}" old)
        if(old STREQUAL text)
            return()
        endif()
    endif()
    file(WRITE "${file}" "${text}")
endfunction()

# Architecture, bits and system of what this project builds for, as in a target string.
function(polyphase_target_system result)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
        set(${result} x86-64-linux PARENT_SCOPE)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$" AND CMAKE_SYSTEM_NAME MATCHES "^(Linux|Android)$")
        string(TOLOWER "arm-64-${CMAKE_SYSTEM_NAME}" system)
        set(${result} ${system} PARENT_SCOPE)
    else()
        message(FATAL_ERROR "Polyphase: expected a toolchain for Linux or Android on aarch64 or for Linux on x86_64, "
                            "found ${CMAKE_SYSTEM_NAME} on \"${CMAKE_SYSTEM_PROCESSOR}\"")
    endif()
endfunction()

function(polyphase_add_kernel name)
    set(flags BIAS RESIDUAL EXCLUDE_OUTSIDE ANTIALIAS CEIL_MODE)
    set(values
        PROBLEM OP MODEL MACHINE INPUT OUT_CHANNELS KERNEL STRIDE DILATION PADS OUTPUT_PADDING OUTPUT GROUPS WEIGHT_LAYOUT LAYOUT INPUT_LAYOUT
        OUTPUT_LAYOUT DTYPE ACTIVATION ALPHA MIN MAX SCALE MODE COORDINATES NEAREST_ROUNDING CUBIC_COEFF ROI EXTRAPOLATION OFFSET BLOCK
        ORDER INDICES STORAGE_ORDER INDEX_EXTENT RESIZED WEIGHT_INITIALIZER BIAS_INITIALIZER)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "${values}" "TARGETS;${flags}")
    if(arg_UNPARSED_ARGUMENTS)
        list(JOIN arg_UNPARSED_ARGUMENTS ", " unknown)
        message(FATAL_ERROR "polyphase_add_kernel(${name}): unknown argument: ${unknown}")
    endif()
    foreach(argument IN LISTS arg_KEYWORDS_MISSING_VALUES)
        if(argument IN_LIST flags)
            set(arg_${argument} ON)
        else()
            message(FATAL_ERROR "polyphase_add_kernel(${name}): ${argument}: expected a value, found none")
        endif()
    endforeach()
    if(NOT name MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
        message(FATAL_ERROR "polyphase_add_kernel: the name: expected a C identifier, found \"${name}\"")
    endif()
    if(NOT CMAKE_C_COMPILER)
        message(FATAL_ERROR "polyphase_add_kernel(${name}) needs the language C: add it to the project's LANGUAGES")
    endif()

    set(directory "${CMAKE_CURRENT_BINARY_DIR}/polyphase/${name}")
    file(MAKE_DIRECTORY "${directory}")
    if(DEFINED arg_PROBLEM)
        foreach(argument IN LISTS values flags ITEMS TARGETS)
            if(DEFINED arg_${argument} AND NOT argument STREQUAL "PROBLEM")
                message(FATAL_ERROR "polyphase_add_kernel(${name}): ${argument}: with PROBLEM, everything comes from the file")
            endif()
        endforeach()
        _polyphase_problem_from_file(problem "${directory}")
    else()
        foreach(argument IN ITEMS OP INPUT)
            if(NOT DEFINED arg_${argument})
                message(FATAL_ERROR "polyphase_add_kernel(${name}): ${argument} is missing")
            endif()
        endforeach()
        _polyphase_problem_text(text)
        set(problem "${directory}/${name}.problem.json")
        _polyphase_write_if_different("${problem}" "${text}")
    endif()

    if(POLYPHASE_EXECUTABLE)
        set(command "${POLYPHASE_EXECUTABLE}")
    elseif(TARGET Polyphase::polyphase)
        set(command Polyphase::polyphase)
    else()
        message(
            FATAL_ERROR "polyphase_add_kernel(${name}) needs the polyphase command: build it (POLYPHASE_BUILD_TOOLS) or set POLYPHASE_EXECUTABLE")
    endif()
    # The compiler as the project runs it, and what a problem without targets is for.
    set(platform --cc "${CMAKE_C_COMPILER}")
    if(CMAKE_C_COMPILER_TARGET)
        list(APPEND platform "--cc-flag=${CMAKE_C_COMPILE_OPTIONS_TARGET}${CMAKE_C_COMPILER_TARGET}")
    endif()
    if(CMAKE_SYSROOT)
        list(APPEND platform "--cc-flag=--sysroot=${CMAKE_SYSROOT}")
    endif()
    if(CMAKE_CROSSCOMPILING)
        polyphase_target_system(system)
        list(APPEND platform --system ${system})
    endif()
    set(sanitizer "")
    if(POLYPHASE_SANITIZER)
        set(sanitizer --sanitizer ${POLYPHASE_SANITIZER})
    endif()
    set(outputs "${directory}/${name}.h" "${directory}/lib${name}.a" "${directory}/${name}.json")
    add_custom_command(
        OUTPUT ${outputs}
        COMMAND ${command} compile "${problem}" --out "${directory}" --depfile "${directory}/${name}.d" ${platform} ${sanitizer}
        DEPENDS ${command} "${problem}"
        DEPFILE "${directory}/${name}.d"
        COMMENT "Polyphase kernel ${name}"
        VERBATIM)
    add_custom_target(${name}_generate DEPENDS ${outputs})

    add_library(${name} STATIC IMPORTED GLOBAL)
    set_target_properties(
        ${name}
        PROPERTIES IMPORTED_LOCATION "${directory}/lib${name}.a"
                   IMPORTED_LINK_INTERFACE_LANGUAGES C
                   INTERFACE_INCLUDE_DIRECTORIES "${directory}"
                   INTERFACE_LINK_LIBRARIES Polyphase::runtime)
    add_dependencies(${name} ${name}_generate)
endfunction()

cmake_policy(POP)
