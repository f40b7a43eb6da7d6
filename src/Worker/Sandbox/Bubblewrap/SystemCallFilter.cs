using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>
/// What actions may ask of the kernel, as bwrap takes it: the same as src/Launcher/filter.c says, which tells why, but also nothing of the first process, which is bwrap's and has no filter. A program for the kernel's packet filter, of instructions of eight
/// bytes each: code, where to go on if it is so, where if not, a value.
/// </summary>
internal static class SystemCallFilter
{
    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfAny = 0x45, JumpIfAtLeast = 0x35, Return = 0x06;
    private const uint NumberOffset = 0, ArchitectureOffset = 4, FirstArgumentOffset = 16, SecondArgumentOffset = 24;
    private const uint Allow = 0x7FFF0000, Fail = 0x00050000;
    private const uint EPERM = 1, ENOSYS = 38, EAFNOSUPPORT = 97;
    private const uint NewNamespaces = 0x7E020000, TypeIntoTerminal = 0x5412;
    private const uint FirstProcess = 1;
    private const uint FirstX32 = 0x40000000;

    // By architecture: x86-64, and those whose numbers are all alike.
    private static readonly (uint X64, uint Other)[] denied =
    [
        (308, 268), // setns
        (165, 40), (166, 39), (155, 41), (161, 51), // mount, umount2, pivot_root, chroot
        (428, 428), (429, 429), (430, 430), (431, 431), (432, 432), (433, 433), (442, 442), // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
        (304, 265), (179, 60), (167, 224), (168, 225), (300, 262), // open_by_handle_at, quotactl, swapon, swapoff, fanotify_init
        (169, 142), (246, 104), (175, 105), (313, 273), (176, 106), (163, 89), // reboot, kexec_load, init_module, finit_module, delete_module, acct
        (164, 170), (227, 112), (305, 266), (159, 171), // settimeofday, clock_settime, clock_adjtime, adjtimex
        (170, 161), (171, 162), (103, 116), (321, 280), (298, 241), (323, 282), (153, 58), // sethostname, setdomainname, syslog, bpf, perf_event_open, userfaultfd, vhangup
        (250, 219), (248, 217), (249, 218), // keyctl, add_key, request_key
        (438, 438), // pidfd_getfd
    ];

    private static readonly uint[] deniedOnX64 = [172, 173, 320]; // iopl, ioperm, kexec_file_load
    private static readonly uint[] absent = [435, 425, 426, 427]; // clone3, io_uring_setup, io_uring_enter, io_uring_register
    private static readonly (uint X64, uint Other) tracing = (101, 117); // ptrace, with a process id as its second argument
    private static readonly (uint X64, uint Other)[] reaching = [(310, 270), (311, 271)]; // process_vm_readv, process_vm_writev, with one as their first
    private static readonly (uint X64, uint Other) clone = (56, 220), unshare = (272, 97), socket = (41, 198), ioctl = (16, 29);
    private static readonly uint[] families = [1, 2, 10, 16]; // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK

    /// <summary>The filter for this machine.</summary>
    /// <exception cref="PlatformNotSupportedException">Nobody has looked up its numbers.</exception>
    public static byte[] Make()
    {
        (bool isX64, uint architecture) = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => (true, 0xC000003E),
            Architecture.Arm64 => (false, 0xC00000B7),
            Architecture.RiscV64 => (false, 0xC00000F3),
            { } other => throw new PlatformNotSupportedException($"system calls of {other} are not known"),
        };
        var program = new List<(ushort Code, byte Yes, byte No, uint Value)>();

        // Another architecture's numbers mean something else.
        program.AddRange([(Load, 0, 0, ArchitectureOffset), (JumpIfEqual, 1, 0, architecture), Answer(ENOSYS), (Load, 0, 0, NumberOffset)]);
        if (isX64)
            program.AddRange([(JumpIfAtLeast, 0, 1, FirstX32), Answer(ENOSYS)]);
        foreach (uint call in (uint[])[Of(clone), Of(unshare)])
        {
            program.AddRange(
                [(JumpIfEqual, 0, 4, call), (Load, 0, 0, FirstArgumentOffset), (JumpIfAny, 0, 1, NewNamespaces), Answer(EPERM), (Load, 0, 0, NumberOffset)]);
        }

        foreach (uint call in denied.Select(Of).Concat(isX64 ? deniedOnX64 : []))
            program.AddRange([(JumpIfEqual, 0, 1, call), Answer(EPERM)]);
        foreach (uint call in absent)
            program.AddRange([(JumpIfEqual, 0, 1, call), Answer(ENOSYS)]);

        AddForFirstProcess(Of(tracing), SecondArgumentOffset);
        foreach (uint call in reaching.Select(Of))
            AddForFirstProcess(call, FirstArgumentOffset);

        // Sockets: only of families that stay in the network namespace.
        program.AddRange([(JumpIfEqual, 0, (byte)(families.Length + 3), Of(socket)), (Load, 0, 0, FirstArgumentOffset)]);
        for (int number = 0; number < families.Length; number++)
            program.Add((JumpIfEqual, (byte)(families.Length - number), 0, families[number]));
        program.AddRange([Answer(EAFNOSUPPORT), (Load, 0, 0, NumberOffset)]);

        program.AddRange(
            [(JumpIfEqual, 0, 4, Of(ioctl)), (Load, 0, 0, SecondArgumentOffset), (JumpIfEqual, 0, 1, TypeIntoTerminal), Answer(EPERM), (Load, 0, 0, NumberOffset)]);
        program.Add((Return, 0, 0, Allow));
        return ToBytes(program);

        uint Of((uint X64, uint Other) call) => isX64 ? call.X64 : call.Other;

        void AddForFirstProcess(uint call, uint argument) =>
            program.AddRange([(JumpIfEqual, 0, 4, call), (Load, 0, 0, argument), (JumpIfEqual, 0, 1, FirstProcess), Answer(EPERM), (Load, 0, 0, NumberOffset)]);

        static (ushort, byte, byte, uint) Answer(uint error) => (Return, 0, 0, Fail | error);
    }

    // The kernel takes them as the machine writes numbers.
    private static byte[] ToBytes(List<(ushort Code, byte Yes, byte No, uint Value)> program)
    {
        const int InstructionBytes = 8;
        byte[] bytes = new byte[program.Count * InstructionBytes];
        for (int number = 0; number < program.Count; number++)
        {
            Span<byte> instruction = bytes.AsSpan(number * InstructionBytes, InstructionBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, program[number].Code);
            (instruction[2], instruction[3]) = (program[number].Yes, program[number].No);
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], program[number].Value);
        }

        return bytes;
    }
}
