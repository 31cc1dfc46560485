internal import LinuxKernel
internal import TestSupport

/// What users submit, as it lies in the repository.
enum SpecFile {
    static func text(_ name: String) throws -> String {
        let folder = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return String(decoding: try WholeFile.read("/\(folder)/Specs/\(name)"), as: UTF8.self)
    }
}
