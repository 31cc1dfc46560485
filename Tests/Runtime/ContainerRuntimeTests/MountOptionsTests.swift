internal import LinuxKernel
internal import RuntimeSpec
internal import TestSupport
internal import Testing

@testable internal import ContainerRuntime

@Suite("MountOptions")
struct MountOptionsTests {
    @Test func separateAttributesFromData() {
        let options = MountOptions(["ro", "nosuid", "size=64k", "mode=755", "noswap", "sync"])
        #expect(options.change.set == [.readOnly, .noSUID])
        #expect(options.data.map(\.text) == ["size=64k", "mode=755", "noswap"])
        #expect(options.filesystemFlags == ["sync"])
    }

    @Test func theLaterOfTwoOppositesWins() {
        #expect(MountOptions(["ro", "rw"]).change == MountPlan.Change(clear: .readOnly))
        #expect(MountOptions(["rw", "ro"]).change == MountPlan.Change(set: .readOnly))
    }

    @Test func anAccessTimeReplacesTheOthers() {
        let options = MountOptions(["noatime", "strictatime"])
        #expect(options.change.set == .strictAccessTime)
        #expect(options.change.clear.isSuperset(of: .noAccessTime))
        #expect(MountOptions(["relatime"]).change == MountPlan.Change(clear: .accessTimeMask))
    }

    @Test func recursiveFormsAreKeptApart() {
        let options = MountOptions(["rbind", "rro", "rnosuid", "rsymfollow", "ro"])
        #expect(options.recursiveChange.set == [.readOnly, .noSUID])
        #expect(options.recursiveChange.clear == .noSymlinks)
        #expect(options.change.set == .readOnly)
        #expect(options.bind.isBind && options.bind.recursive)
        #expect(options.data.isEmpty)
    }

    @Test(arguments: FeatureList.mountOptions)
    func everyOptionThatFeaturesNamesIsKnown(_ option: String) {
        let data = MountOptions([option]).data
        #expect(data.isEmpty || option == "iversion", "\(option) went to the filesystem")
    }

    @Test func propagationKeepsItsOrder() {
        #expect(
            MountOptions(["rslave", "shared"]).spreads == [
                MountPlan.Spread(.replica, recursive: true), MountPlan.Spread(.shared, recursive: false),
            ])
    }

    @Test("no destination leaves the root, whatever it is made of", arguments: UInt64(0)..<200)
    func destinations(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let parts = ["..", ".", "", "a", "b", "/", "...", "..a"]
        let path = (0..<Int.random(in: 1...9, using: &random)).map { _ in
            parts.randomElement(using: &random) ?? "a"
        }.joined(separator: "/")
        let clean = MountPlan.clean(path)
        #expect(clean.hasPrefix("/") && !clean.split(separator: "/").contains(".."), "seed \(seed): \(path)")
        #expect(MountPlan.clean(clean) == clean, "seed \(seed): \(path)")
    }
}
