/// A version of the Docker Engine API, such as 1.48.
struct APIVersion: Comparable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int

    /// The newest that is spoken here, and what a path without a version means.
    static let current = APIVersion(major: 1, minor: 48)
    /// The oldest that is not refused; answers below 1.41 have the shape of 1.41.
    static let oldest = APIVersion(major: 1, minor: 24)

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads the `v1.48` of a path; `nil` when it is something else.
    init?(pathElement: Substring) {
        guard pathElement.first == "v" else { return nil }
        let numbers = pathElement.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let major = Int(numbers[0]), let minor = Int(numbers[1])
        else { return nil }
        self.init(major: major, minor: minor)
    }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    var description: String { "\(major).\(minor)" }
}
