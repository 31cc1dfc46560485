internal import Engine
internal import Units

/// How much space images may take, if anything says so: nobody's images go without being told, but for those of pools.
struct ImageSpaceDefaults {
    let space: EngineConfiguration.ImageSpace?

    init(_ flags: Flags, _ file: SettingsFile, isInPool: Bool) throws {
        let limit = try flags.imageLimit ?? file.string("image-limit")
        let high = try flags.imageHighWater ?? file.int("image-high-water")
        let low = try flags.imageLowWater ?? file.int("image-low-water")
        guard limit != nil || isInPool else {
            guard high == nil, low == nil else {
                throw ConfigurationError.machine("--image-high-water and --image-low-water need --image-limit")
            }
            space = nil
            return
        }
        var space = EngineConfiguration.ImageSpace()
        if let limit {
            guard let count = try? ByteCount(parsing: limit), let bytes = Int64(exactly: count.bytes), bytes > 0 else {
                throw ConfigurationError.invalid(
                    name: "image-limit", value: limit, why: "not a number of bytes such as 50g")
            }
            space.limit = bytes
        }
        space.high = Double(high ?? 80) / 100
        space.low = Double(low ?? min(60, high ?? 60)) / 100
        guard 0 < space.low, space.low <= space.high, space.high <= 1 else {
            throw ConfigurationError.machine("0 < --image-low-water <= --image-high-water <= 100")
        }
        self.space = space
    }
}
