import Glibc
import LinuxKernel

func write(_ text: String, _ path: String) throws {
    try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(Array(text.utf8))
}

func append(_ text: String, _ path: String) throws {
    try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644).writeAll(Array(text.utf8))
}

func link(_ target: String, _ path: String) throws { try Files.makeLink(path, to: target) }

func removeFile(_ path: String) throws { try Files.remove(path) }

func moveFile(_ path: String, _ new: String) throws { try Files.rename(path, to: new) }
