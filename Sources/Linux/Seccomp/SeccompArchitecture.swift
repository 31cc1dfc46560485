/// A calling convention of system calls, by its name in runtime-spec.
package enum SeccompArchitecture: String, Hashable, Sendable, CaseIterable {
    case x86 = "SCMP_ARCH_X86"
    case x86_64 = "SCMP_ARCH_X86_64"
    case x32 = "SCMP_ARCH_X32"
    case arm = "SCMP_ARCH_ARM"
    case aarch64 = "SCMP_ARCH_AARCH64"
    case mips = "SCMP_ARCH_MIPS"
    case mips64 = "SCMP_ARCH_MIPS64"
    case mips64n32 = "SCMP_ARCH_MIPS64N32"
    case mipsel = "SCMP_ARCH_MIPSEL"
    case mipsel64 = "SCMP_ARCH_MIPSEL64"
    case mipsel64n32 = "SCMP_ARCH_MIPSEL64N32"
    case ppc = "SCMP_ARCH_PPC"
    case ppc64 = "SCMP_ARCH_PPC64"
    case ppc64le = "SCMP_ARCH_PPC64LE"
    case s390 = "SCMP_ARCH_S390"
    case s390x = "SCMP_ARCH_S390X"
    case parisc = "SCMP_ARCH_PARISC"
    case parisc64 = "SCMP_ARCH_PARISC64"
    case riscv64 = "SCMP_ARCH_RISCV64"

    /// libseccomp's number, which is the kernel's AUDIT_ARCH for all but x32.
    ///
    /// Source: seccomp.h 2.5.4; linux/audit.h.
    package var token: UInt32 {
        switch self {
        case .x86: 0x4000_0003
        case .x86_64: 0xc000_003e
        case .x32: 0x4000_003e
        case .arm: 0x4000_0028
        case .aarch64: 0xc000_00b7
        case .mips: 0x0000_0008
        case .mips64: 0x8000_0008
        case .mips64n32: 0xa000_0008
        case .mipsel: 0x4000_0008
        case .mipsel64: 0xc000_0008
        case .mipsel64n32: 0xe000_0008
        case .ppc: 0x0000_0014
        case .ppc64: 0x8000_0015
        case .ppc64le: 0xc000_0015
        case .s390: 0x0000_0016
        case .s390x: 0x8000_0016
        case .parisc: 0x0000_000f
        case .parisc64: 0x8000_000f
        case .riscv64: 0xc000_00f3
        }
    }

    /// What `seccomp_data.arch` holds for calls of this convention.
    var auditToken: UInt32 { self == .x32 ? Self.x86_64.token : token }

    /// The convention this program itself uses.
    package static var native: SeccompArchitecture {
        #if arch(x86_64)
            .x86_64
        #elseif arch(arm64)
            .aarch64
        #elseif arch(riscv64)
            .riscv64
        #elseif arch(powerpc64le)
            .ppc64le
        #elseif arch(s390x)
            .s390x
        #endif
    }

    /// What a number of this convention has on top: x32 marks its calls with bit 30.
    var numberOffset: Int {
        switch self {
        case .x32: 0x4000_0000
        case .mips, .mipsel: 4000
        case .mips64, .mipsel64: 5000
        case .mips64n32, .mipsel64n32: 6000
        default: 0
        }
    }

    /// Numbers that are the same everywhere, from 424 on, are this convention's when the offset is added.
    ///
    /// parisc, ppc64, s390x and others all took the common table up in Linux 5.1.
    func number(common: Int) -> Int { common + numberOffset }
}
