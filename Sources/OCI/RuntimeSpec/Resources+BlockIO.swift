package import JSON

extension RuntimeSpec.Resources {
    /// Weights and limits of block devices.
    package struct BlockIO: Equatable, Sendable {
        /// From 10 to 1000.
        package var weight: UInt16?
        /// Against child groups.
        package var leafWeight: UInt16?
        package var weightDevice: [WeightDevice]?
        /// Bytes a second.
        package var throttleReadBpsDevice: [ThrottleDevice]?
        /// Bytes a second.
        package var throttleWriteBpsDevice: [ThrottleDevice]?
        /// Operations a second.
        package var throttleReadIOPSDevice: [ThrottleDevice]?
        /// Operations a second.
        package var throttleWriteIOPSDevice: [ThrottleDevice]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            weight: UInt16? = nil, leafWeight: UInt16? = nil, weightDevice: [WeightDevice]? = nil,
            throttleReadBpsDevice: [ThrottleDevice]? = nil, throttleWriteBpsDevice: [ThrottleDevice]? = nil,
            throttleReadIOPSDevice: [ThrottleDevice]? = nil, throttleWriteIOPSDevice: [ThrottleDevice]? = nil
        ) {
            self.weight = weight
            self.leafWeight = leafWeight
            self.weightDevice = weightDevice
            self.throttleReadBpsDevice = throttleReadBpsDevice
            self.throttleWriteBpsDevice = throttleWriteBpsDevice
            self.throttleReadIOPSDevice = throttleReadIOPSDevice
            self.throttleWriteIOPSDevice = throttleWriteIOPSDevice
        }
    }

    /// The weight on one device.
    package struct WeightDevice: Equatable, Sendable {
        package var major: Int64
        package var minor: Int64
        package var weight: UInt16?
        package var leafWeight: UInt16?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
            self.major = major
            self.minor = minor
            self.weight = weight
            self.leafWeight = leafWeight
        }
    }

    /// A rate on one device.
    package struct ThrottleDevice: Equatable, Sendable {
        package var major: Int64
        package var minor: Int64
        package var rate: UInt64
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }
    }
}

extension RuntimeSpec.Resources.BlockIO: JSONCodable {
    private static let known = [
        "weight", "leafWeight", "weightDevice", "throttleReadBpsDevice", "throttleWriteBpsDevice",
        "throttleReadIOPSDevice", "throttleWriteIOPSDevice",
    ]

    package init(json: JSONField) throws(JSONError) {
        weight = try json["weight"].intIfPresent()
        leafWeight = try json["leafWeight"].intIfPresent()
        weightDevice = try json["weightDevice"].readIfPresent()
        throttleReadBpsDevice = try json["throttleReadBpsDevice"].readIfPresent()
        throttleWriteBpsDevice = try json["throttleWriteBpsDevice"].readIfPresent()
        throttleReadIOPSDevice = try json["throttleReadIOPSDevice"].readIfPresent()
        throttleWriteIOPSDevice = try json["throttleWriteIOPSDevice"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["weight"] = weight?.json
        json["leafWeight"] = leafWeight?.json
        json["weightDevice"] = weightDevice?.json
        json["throttleReadBpsDevice"] = throttleReadBpsDevice?.json
        json["throttleWriteBpsDevice"] = throttleWriteBpsDevice?.json
        json["throttleReadIOPSDevice"] = throttleReadIOPSDevice?.json
        json["throttleWriteIOPSDevice"] = throttleWriteIOPSDevice?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.WeightDevice: JSONCodable {
    private static let known = [
        "major", "minor", "weight", "leafWeight",
    ]

    package init(json: JSONField) throws(JSONError) {
        major = try json["major"].int()
        minor = try json["minor"].int()
        weight = try json["weight"].intIfPresent()
        leafWeight = try json["leafWeight"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["major"] = major.json
        json["minor"] = minor.json
        json["weight"] = weight?.json
        json["leafWeight"] = leafWeight?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.ThrottleDevice: JSONCodable {
    private static let known = [
        "major", "minor", "rate",
    ]

    package init(json: JSONField) throws(JSONError) {
        major = try json["major"].int()
        minor = try json["minor"].int()
        rate = try json["rate"].int()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["major"] = major.json
        json["minor"] = minor.json
        json["rate"] = rate.json
        json.merge(extra)
        return .object(json)
    }
}
