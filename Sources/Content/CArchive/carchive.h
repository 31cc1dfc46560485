// libarchive's readers: decompression and tar. Its disk writer is never used.
#pragma once

#include <archive.h>
#include <archive_entry.h>
