// libnftables: rules as text or JSON, changed in transactions. Linked into pouchd only.
#pragma once

// Before the library's header, which defines _GNU_SOURCE: the importer must see the layouts that the Glibc module has.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <nftables/libnftables.h>
