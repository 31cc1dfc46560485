package import JSON

/// An operating system and a processor, in Go's spelling.
///
/// Source: image-spec 1.1, image-index.md, "platform"; containerd/platforms for spellings and matching.
package struct Platform: Hashable, Sendable {
    package var os: String
    package var architecture: String
    /// Such as `v7` for ARM; absent for the architecture's normal form.
    package var variant: String?
    package var osVersion: String?
    package var osFeatures: [String]?

    package init(
        os: String, architecture: String, variant: String? = nil, osVersion: String? = nil, osFeatures: [String]? = nil
    ) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion
        self.osFeatures = osFeatures
    }

    /// The platform that this program was built for.
    package static var host: Platform {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #else
            Platform(os: "linux", architecture: "unknown")
        #endif
    }

    /// Reads `os/architecture[/variant]`, or one of the first two, the other being the host's.
    ///
    /// Other spellings, such as `aarch64` and `x86_64`, are taken and become Go's.
    ///
    /// - Throws: ``ImageSpecError/invalidPlatform(_:reason:)``.
    package init(parsing text: String) throws(ImageSpecError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { $0.lowercased() }
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isAllowed) }) else {
            throw .invalidPlatform(
                text, reason: "a part may have letters, digits, \"_\", \"-\" and \".\", and at least one")
        }
        switch parts.count {
        case 1:
            if Self.systems.contains(Self.goSystem(parts[0])) {
                self.init(os: parts[0], architecture: Self.host.architecture)
            } else {
                self.init(os: Self.host.os, architecture: parts[0])
                guard Self.architectures.contains(normalized.architecture) else {
                    throw .invalidPlatform(text, reason: "neither an operating system nor an architecture")
                }
            }
        case 2: self.init(os: parts[0], architecture: parts[1])
        case 3: self.init(os: parts[0], architecture: parts[1], variant: parts[2])
        default: throw .invalidPlatform(text, reason: "more than three parts")
        }
        self = normalized
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        let character = Character(Unicode.Scalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber || "_-.".contains(character))
    }

    private static let systems: Set = [
        "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "nacl", "netbsd",
        "openbsd",
        "plan9", "solaris", "wasip1", "windows", "zos",
    ]

    private static let architectures: Set = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le",
        "riscv64",
        "s390x", "wasm",
    ]

    private static func goSystem(_ os: String) -> String {
        os == "macos" ? "darwin" : os
    }

    /// The same platform in the one spelling that is compared.
    package var normalized: Platform {
        var platform = self
        platform.os = Self.goSystem(os.lowercased())
        let variant = variant?.lowercased() ?? ""
        (platform.architecture, platform.variant) =
            switch architecture.lowercased() {
            case "i386": ("386", nil)
            case "x86_64", "x86-64", "amd64": ("amd64", variant == "v1" ? nil : variant)
            case "aarch64", "arm64": ("arm64", variant == "8" || variant == "v8" ? nil : variant)
            case "armhf": ("arm", "v7")
            case "armel": ("arm", "v6")
            case "arm": ("arm", variant.isEmpty ? "v7" : variant.first?.isNumber == true ? "v\(variant)" : variant)
            case let other: (other, variant)
            }
        if platform.variant?.isEmpty == true { platform.variant = nil }
        return platform
    }
}

extension Platform {
    /// How well an image for `offer` runs here: 0 is best, `nil` not at all.
    ///
    /// A processor also runs what was built for its predecessors: amd64 runs 386, arm64 runs 32-bit ARM.
    package func rank(of offer: Platform) -> Int? {
        let (here, offer) = (normalized, offer.normalized)
        guard here.os == offer.os, here.osVersion == nil || offer.osVersion == nil || here.osVersion == offer.osVersion
        else { return nil }
        return here.runnable.firstIndex { $0.architecture == offer.architecture && $0.variant == offer.variant }
    }

    package func matches(_ offer: Platform) -> Bool {
        rank(of: offer) != nil
    }

    /// The processors whose programs this one runs, itself first.
    private var runnable: [(architecture: String, variant: String?)] {
        let level = variant.flatMap { Int($0.dropFirst()) }
        switch architecture {
        case "amd64":
            let levels = stride(from: level ?? 1, to: 1, by: -1).map { ("amd64", Optional("v\($0)")) }
            return levels + [("amd64", nil), ("386", nil)]
        case "arm64":
            let levels = level.map {
                $0 > 8 ? stride(from: $0, to: 8, by: -1).map { ("arm64", Optional("v\($0)")) } : []
            }
            return (levels ?? []) + [("arm64", nil)] + [8, 7, 6, 5].map { ("arm", "v\($0)") }
        case "arm":
            return stride(from: level ?? 7, through: 5, by: -1).map { ("arm", "v\($0)") }
        default:
            return [(architecture, variant)]
        }
    }
}

extension Platform: CustomStringConvertible {
    /// `os/architecture[/variant]`.
    package var description: String {
        "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "")
    }
}

extension Platform: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self.init(
            os: try json["os"].stringIfPresent() ?? "", architecture: try json["architecture"].stringIfPresent() ?? "",
            variant: try json["variant"].nonEmptyString(), osVersion: try json["os.version"].nonEmptyString(),
            osFeatures: try json["os.features"].stringsIfPresent())
    }

    package var json: JSONValue {
        var json: JSONObject = ["architecture": architecture.json, "os": os.json]
        json["os.version"] = osVersion?.json
        json["os.features"] = osFeatures?.json
        json["variant"] = variant?.json
        return .object(json)
    }
}
