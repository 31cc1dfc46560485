internal import Glibc
internal import LinuxKernel

/// The sources of this checkout, as text.
enum SourceTree {
    struct File: Sendable {
        /// Relative to the checkout, such as `Sources/Linux/Lanes/Lanes.swift`.
        var path: String
        var lines: [Substring]

        /// `Sources/<wing>/<room>/…` gives the room.
        var room: String { String(path.split(separator: "/").dropFirst(2).first ?? "") }
        var imports: [String] {
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 2, words.first != "//" else { return nil }
                return words.dropFirst(index + 1).last.map { String($0.split(separator: ".")[0]) }
            }
        }
    }

    static let root: String = {
        // Tests/Soundness/SourceTree.swift, three folders below the checkout.
        #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
    }()

    static let sources = swiftFiles(below: "Sources")
    static let tests = swiftFiles(below: "Tests")

    private static func swiftFiles(below folder: String) -> [File] {
        var found: [File] = []
        var folders = [folder]
        while let next = folders.popLast() {
            guard let stream = opendir("\(root)/\(next)") else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard !name.hasPrefix(".") else { continue }
                let path = "\(next)/\(name)"
                if entry.pointee.d_type == UInt8(DT_DIR) { folders.append(path) }
                if name.hasSuffix(".swift"), let bytes = try? WholeFile.read("\(root)/\(path)") {
                    let text = String(decoding: bytes, as: UTF8.self)
                    found.append(File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
                }
            }
        }
        return found.sorted { $0.path < $1.path }
    }
}
