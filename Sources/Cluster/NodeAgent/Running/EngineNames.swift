internal import Engine

/// The engine's words where others have the same; its module cannot be named, because a type has its name.
typealias EngineLogOptions = LogOptions
typealias EngineTimestamp = Timestamp
