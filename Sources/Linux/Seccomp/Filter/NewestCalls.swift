/// System calls younger than libseccomp 2.5.4, Debian 12's, by their number in the table that all architectures share.
///
/// A profile may name them long before the library does. Since Linux 5.1 a new call gets one number everywhere, from
/// 424 on; x32 and MIPS add their offset to it.
///
/// Source: scripts/syscall.tbl, Linux 6.17.
enum NewestCalls {
    static let numbers: [String: Int] = [
        "process_mrelease": 448,
        "futex_waitv": 449,
        "set_mempolicy_home_node": 450,
        "cachestat": 451,
        "fchmodat2": 452,
        "map_shadow_stack": 453,
        "futex_wake": 454,
        "futex_wait": 455,
        "futex_requeue": 456,
        "statmount": 457,
        "listmount": 458,
        "lsm_get_self_attr": 459,
        "lsm_set_self_attr": 460,
        "lsm_list_modules": 461,
        "mseal": 462,
        "setxattrat": 463,
        "getxattrat": 464,
        "listxattrat": 465,
        "removexattrat": 466,
        "open_tree_attr": 467,
        "file_getattr": 468,
        "file_setattr": 469,
    ]

    /// The number of `name` on `architecture`; `nil` when it is no new call.
    static func number(of name: String, on architecture: SeccompArchitecture) -> UInt32? {
        guard let common = numbers[name] else { return nil }
        return UInt32(architecture.number(common: common))
    }
}
