internal import Glibc

/// The shim's own words, for the file that pouchd gave it as standard error.
enum Console {
    static func say(_ text: String) {
        var line = text
        line.append("\n")
        _ = line.withUTF8 { write(2, $0.baseAddress, $0.count) }
    }
}
