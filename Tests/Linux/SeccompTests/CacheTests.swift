internal import Glibc
internal import LinuxKernel
@testable internal import Seccomp
internal import TestSupport
internal import Testing

@Suite("kept filters")
struct CacheTests {
    private let profile = SeccompProfile.default(capabilities: ["CAP_CHOWN"])

    @Test func `are made once and read after`() throws {
        try withScratchDirectorySync { folder in
            let cache = SeccompCache(folder: folder + "/seccomp")
            let made = try cache.program(for: profile)
            let file = folder + "/seccomp/" + (try #require(names(in: folder + "/seccomp").first))
            #expect(names(in: folder + "/seccomp").count == 1)
            // What is read is what is there: a filter of our own in the file comes back.
            let other = [UInt8](repeating: 7, count: 16)
            try WholeFile.replace(file, with: SeccompCache.file(other, for: profile.canonical))
            #expect(try cache.program(for: profile).bytes == other)
            unlink(file)
            #expect(try cache.program(for: profile) == made)
        }
    }

    @Test func `are made anew when a byte is wrong, missing or too many`() throws {
        let good = try SeccompProgram.compile(profile).bytes
        let file = SeccompCache.file(good, for: profile.canonical)
        #expect(SeccompCache.filter(in: file, for: profile.canonical) == good)
        for index in stride(from: 0, to: file.count, by: 97) {
            var broken = file
            broken[index] ^= 0x10
            #expect(SeccompCache.filter(in: broken, for: profile.canonical) == nil, "byte \(index)")
        }
        for length in [0, 1, 31, 32, 33, file.count - 8, file.count - 1] {
            #expect(SeccompCache.filter(in: Array(file.prefix(length)), for: profile.canonical) == nil)
        }
        #expect(SeccompCache.filter(in: file + [0], for: profile.canonical) == nil)
        let other = SeccompProfile.default(capabilities: ["CAP_SYS_TIME"])
        #expect(SeccompCache.filter(in: file, for: other.canonical) == nil)
        try withScratchDirectorySync { folder in
            let cache = SeccompCache(folder: folder + "/seccomp")
            _ = try cache.program(for: profile)
            let path = folder + "/seccomp/" + (try #require(names(in: folder + "/seccomp").first))
            try WholeFile.replace(path, with: Array(file.prefix(100)))
            #expect(try cache.program(for: profile).bytes == good)
            #expect(try WholeFile.read(path) == file)
        }
    }

    @Test func `are not taken from a folder that others may write to`() throws {
        try withScratchDirectorySync { folder in
            let cache = SeccompCache(folder: folder + "/seccomp")
            let made = try cache.program(for: profile)
            let path = folder + "/seccomp/" + (try #require(names(in: folder + "/seccomp").first))
            try WholeFile.replace(path, with: SeccompCache.file([1, 2, 3, 4, 5, 6, 7, 8], for: profile.canonical))
            chmod(folder + "/seccomp", 0o777)
            #expect(try cache.program(for: profile) == made)
        }
    }

    @Test func `do not fill the folder`() throws {
        try withScratchDirectorySync { folder in
            let cache = SeccompCache(folder: folder)
            for number in UInt16(1)...150 {
                _ = try cache.program(for: SeccompProfile(defaultAction: .errno(number)))
            }
            #expect((1...128).contains(names(in: folder).count))
        }
    }

    @Test func `differ for profiles that differ in anything a filter holds`() {
        let base = SeccompProfile(
            defaultAction: .errno(1), architectures: [.x86_64],
            rules: [SeccompRule(["read", "write"], .allow, when: [.init(0, .equal, 1)])])
        var others = Array(repeating: base, count: 8)
        others[0].defaultAction = .errno(2)
        others[1].architectures = []
        others[2].flags = .log
        others[3].rules[0].names = ["readwrite"]
        others[4].rules[0].action = .log
        others[5].rules[0].conditions[0].value = 2
        others[6].rules[0].conditions[0].comparison = .notEqual
        others[7].rules.append(SeccompRule(["kill"], .allow))
        #expect(Set((others + [base]).map(\.canonical)).count == 9)
        var same = base
        same.listenerPath = "/run/listener"
        #expect(same.canonical == base.canonical)
    }

    private func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}

@Suite("SipHash-2-4 of 128 bits")
struct SipHashTests {
    @Test(
        "gives its authors' vectors",
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
            (2, "8177228da4a45dc7fca38bdef60affe4"),
        ])
    func vectors(length: Int, expected: String) {
        let key = (UInt64(0x0706_0504_0302_0100), UInt64(0x0f0e_0d0c_0b0a_0908))
        let input = (0..<length).map { UInt8($0) }
        let hash = input.withUnsafeBytes { SipHash.hash($0, key: key) }
        var bytes: [UInt8] = []
        for half in [hash.low, hash.high] { withUnsafeBytes(of: half.littleEndian) { bytes.append(contentsOf: $0) } }
        let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == expected)
    }

    @Test func `depends on every byte and on the length`() {
        var seen: Set<[UInt64]> = []
        for length in 0..<40 {
            let zeros = [UInt8](repeating: 0, count: length)
            let hash = zeros.withUnsafeBytes { SipHash.hash($0) }
            seen.insert([hash.low, hash.high])
            for index in 0..<length {
                var other = zeros
                other[index] = 1
                let hash = other.withUnsafeBytes { SipHash.hash($0) }
                seen.insert([hash.low, hash.high])
            }
        }
        #expect(seen.count == 40 + 40 * 39 / 2)
    }
}
