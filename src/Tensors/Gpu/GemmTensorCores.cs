using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// One instruction of a tensor core: a warp multiplies 16 rows by 8 columns over <see cref="Depth"/> terms, and adds. Which lane holds
/// what is laid down by PTX ("Matrix fragments for mma.m16n8k8" and "… mma.m16n8k16" in NVIDIA's PTX ISA). Factors and sums stand in
/// registers of <see cref="TensorCoreRegisters"/>.
/// </summary>
internal interface ITensorCore
{
    /// <summary>Terms that it adds to each sum.</summary>
    static abstract int Depth { get; }

    /// <summary>Fetches and rounds this lane's part of 16 rows of A; the first of them is at <paramref name="at"/> of a tile.</summary>
    static abstract void Left(ArrayView<float> tile, int at, int row, int lane);

    /// <summary>The same for 8 columns of B, number <paramref name="columns"/> (a constant from 0 to 3).</summary>
    static abstract void Right(int columns, ArrayView<float> tile, int at, int row, int lane);

    /// <summary>Sums of a block (a constant from 0 to 15) + A·B, of which it takes columns block modulo 4.</summary>
    static abstract void Multiply(int block);
}

/// <summary>
/// A lane's factors, a0 … a3 and b0 … b7, and its sums, s0 … s63: 16 blocks of four. They are registers that ILGPU knows nothing of: it
/// would put the results of a caller's instruction into memory.
/// </summary>
internal static class TensorCoreRegisters
{
    // The front block is lost, zeros come in at the end.
    private const string MoveOn =
        "mov.f32 s0, s4; mov.f32 s1, s5; mov.f32 s2, s6; mov.f32 s3, s7; " +
        "mov.f32 s4, s8; mov.f32 s5, s9; mov.f32 s6, s10; mov.f32 s7, s11; " +
        "mov.f32 s8, s12; mov.f32 s9, s13; mov.f32 s10, s14; mov.f32 s11, s15; " +
        "mov.f32 s12, s16; mov.f32 s13, s17; mov.f32 s14, s18; mov.f32 s15, s19; " +
        "mov.f32 s16, s20; mov.f32 s17, s21; mov.f32 s18, s22; mov.f32 s19, s23; " +
        "mov.f32 s20, s24; mov.f32 s21, s25; mov.f32 s22, s26; mov.f32 s23, s27; " +
        "mov.f32 s24, s28; mov.f32 s25, s29; mov.f32 s26, s30; mov.f32 s27, s31; " +
        "mov.f32 s28, s32; mov.f32 s29, s33; mov.f32 s30, s34; mov.f32 s31, s35; " +
        "mov.f32 s32, s36; mov.f32 s33, s37; mov.f32 s34, s38; mov.f32 s35, s39; " +
        "mov.f32 s36, s40; mov.f32 s37, s41; mov.f32 s38, s42; mov.f32 s39, s43; " +
        "mov.f32 s40, s44; mov.f32 s41, s45; mov.f32 s42, s46; mov.f32 s43, s47; " +
        "mov.f32 s44, s48; mov.f32 s45, s49; mov.f32 s46, s50; mov.f32 s47, s51; " +
        "mov.f32 s48, s52; mov.f32 s49, s53; mov.f32 s50, s54; mov.f32 s51, s55; " +
        "mov.f32 s52, s56; mov.f32 s53, s57; mov.f32 s54, s58; mov.f32 s55, s59; " +
        "mov.f32 s56, s60; mov.f32 s57, s61; mov.f32 s58, s62; mov.f32 s59, s63; " +
        "mov.f32 s60, 0f00000000; mov.f32 s61, 0f00000000; mov.f32 s62, 0f00000000; mov.f32 s63, 0f00000000;";

    /// <summary>Declares all; once in a kernel.</summary>
    public static void Declare() => CudaAsm.Emit(".reg .b32 a<4>; .reg .b32 b<8>; .reg .f32 s<64>;");

    /// <summary>Sets the sums to zero.</summary>
    public static void Clear()
    {
        for (int block = 0; block < 16; block++) CudaAsm.Emit(MoveOn);
    }

    /// <summary>Takes the sums of the front block; the others move on, as registers have no index.</summary>
    public static Four Take()
    {
        CudaAsm.Emit("mov.f32 %0, s0;", out float x);
        CudaAsm.Emit("mov.f32 %0, s1;", out float y);
        CudaAsm.Emit("mov.f32 %0, s2;", out float z);
        CudaAsm.Emit("mov.f32 %0, s3;", out float w);
        CudaAsm.Emit(MoveOn);
        return new Four(x, y, z, w);
    }
}

/// <summary>Factors rounded to TF32: a float32's exponent, 10 bits of its mantissa.</summary>
internal readonly struct CoreTF32 : ITensorCore
{
    private const string Instruction = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 ";

    public static int Depth => 8;

    public static void Left(ArrayView<float> tile, int at, int row, int lane)
    {
        at += lane % 4 * row;
        CudaAsm.Emit(
            "cvt.rna.tf32.f32 a0, %0; cvt.rna.tf32.f32 a1, %1; cvt.rna.tf32.f32 a2, %2; cvt.rna.tf32.f32 a3, %3;",
            tile[at], tile[at + 8], tile[at + 4 * row], tile[at + 4 * row + 8]);
    }

    public static void Right(int columns, ArrayView<float> tile, int at, int row, int lane)
    {
        at += lane % 4 * row;
        switch (columns)
        {
            case 0: CudaAsm.Emit("cvt.rna.tf32.f32 b0, %0; cvt.rna.tf32.f32 b1, %1;", tile[at], tile[at + 4 * row]); break;
            case 1: CudaAsm.Emit("cvt.rna.tf32.f32 b2, %0; cvt.rna.tf32.f32 b3, %1;", tile[at], tile[at + 4 * row]); break;
            case 2: CudaAsm.Emit("cvt.rna.tf32.f32 b4, %0; cvt.rna.tf32.f32 b5, %1;", tile[at], tile[at + 4 * row]); break;
            default: CudaAsm.Emit("cvt.rna.tf32.f32 b6, %0; cvt.rna.tf32.f32 b7, %1;", tile[at], tile[at + 4 * row]); break;
        }
    }

    public static void Multiply(int block)
    {
        switch (block)
        {
            case 0: CudaAsm.Emit(Instruction + "{s0,s1,s2,s3}, {a0,a1,a2,a3}, {b0,b1}, {s0,s1,s2,s3};"); break;
            case 1: CudaAsm.Emit(Instruction + "{s4,s5,s6,s7}, {a0,a1,a2,a3}, {b2,b3}, {s4,s5,s6,s7};"); break;
            case 2: CudaAsm.Emit(Instruction + "{s8,s9,s10,s11}, {a0,a1,a2,a3}, {b4,b5}, {s8,s9,s10,s11};"); break;
            case 3: CudaAsm.Emit(Instruction + "{s12,s13,s14,s15}, {a0,a1,a2,a3}, {b6,b7}, {s12,s13,s14,s15};"); break;
            case 4: CudaAsm.Emit(Instruction + "{s16,s17,s18,s19}, {a0,a1,a2,a3}, {b0,b1}, {s16,s17,s18,s19};"); break;
            case 5: CudaAsm.Emit(Instruction + "{s20,s21,s22,s23}, {a0,a1,a2,a3}, {b2,b3}, {s20,s21,s22,s23};"); break;
            case 6: CudaAsm.Emit(Instruction + "{s24,s25,s26,s27}, {a0,a1,a2,a3}, {b4,b5}, {s24,s25,s26,s27};"); break;
            case 7: CudaAsm.Emit(Instruction + "{s28,s29,s30,s31}, {a0,a1,a2,a3}, {b6,b7}, {s28,s29,s30,s31};"); break;
            case 8: CudaAsm.Emit(Instruction + "{s32,s33,s34,s35}, {a0,a1,a2,a3}, {b0,b1}, {s32,s33,s34,s35};"); break;
            case 9: CudaAsm.Emit(Instruction + "{s36,s37,s38,s39}, {a0,a1,a2,a3}, {b2,b3}, {s36,s37,s38,s39};"); break;
            case 10: CudaAsm.Emit(Instruction + "{s40,s41,s42,s43}, {a0,a1,a2,a3}, {b4,b5}, {s40,s41,s42,s43};"); break;
            case 11: CudaAsm.Emit(Instruction + "{s44,s45,s46,s47}, {a0,a1,a2,a3}, {b6,b7}, {s44,s45,s46,s47};"); break;
            case 12: CudaAsm.Emit(Instruction + "{s48,s49,s50,s51}, {a0,a1,a2,a3}, {b0,b1}, {s48,s49,s50,s51};"); break;
            case 13: CudaAsm.Emit(Instruction + "{s52,s53,s54,s55}, {a0,a1,a2,a3}, {b2,b3}, {s52,s53,s54,s55};"); break;
            case 14: CudaAsm.Emit(Instruction + "{s56,s57,s58,s59}, {a0,a1,a2,a3}, {b4,b5}, {s56,s57,s58,s59};"); break;
            default: CudaAsm.Emit(Instruction + "{s60,s61,s62,s63}, {a0,a1,a2,a3}, {b6,b7}, {s60,s61,s62,s63};"); break;
        }
    }
}

/// <summary>Factors rounded to BF16: a float32's exponent, 7 bits of its mantissa. Weights stored as BF16 lose nothing.</summary>
internal readonly struct CoreBF16 : ITensorCore
{
    private const string Instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ";

    public static int Depth => 16;

    // A register holds two terms; the instruction that packs them names the upper one, the later term, first.
    public static void Left(ArrayView<float> tile, int at, int row, int lane)
    {
        at += lane % 4 * 2 * row;
        CudaAsm.Emit(
            "cvt.rn.bf16x2.f32 a0, %1, %0; cvt.rn.bf16x2.f32 a1, %3, %2; cvt.rn.bf16x2.f32 a2, %5, %4; cvt.rn.bf16x2.f32 a3, %7, %6;",
            tile[at], tile[at + row], tile[at + 8], tile[at + row + 8],
            tile[at + 8 * row], tile[at + 9 * row], tile[at + 8 * row + 8], tile[at + 9 * row + 8]);
    }

    public static void Right(int columns, ArrayView<float> tile, int at, int row, int lane)
    {
        at += lane % 4 * 2 * row;
        float t0 = tile[at], t1 = tile[at + row], t8 = tile[at + 8 * row], t9 = tile[at + 9 * row];
        switch (columns)
        {
            case 0: CudaAsm.Emit("cvt.rn.bf16x2.f32 b0, %1, %0; cvt.rn.bf16x2.f32 b1, %3, %2;", t0, t1, t8, t9); break;
            case 1: CudaAsm.Emit("cvt.rn.bf16x2.f32 b2, %1, %0; cvt.rn.bf16x2.f32 b3, %3, %2;", t0, t1, t8, t9); break;
            case 2: CudaAsm.Emit("cvt.rn.bf16x2.f32 b4, %1, %0; cvt.rn.bf16x2.f32 b5, %3, %2;", t0, t1, t8, t9); break;
            default: CudaAsm.Emit("cvt.rn.bf16x2.f32 b6, %1, %0; cvt.rn.bf16x2.f32 b7, %3, %2;", t0, t1, t8, t9); break;
        }
    }

    public static void Multiply(int block)
    {
        switch (block)
        {
            case 0: CudaAsm.Emit(Instruction + "{s0,s1,s2,s3}, {a0,a1,a2,a3}, {b0,b1}, {s0,s1,s2,s3};"); break;
            case 1: CudaAsm.Emit(Instruction + "{s4,s5,s6,s7}, {a0,a1,a2,a3}, {b2,b3}, {s4,s5,s6,s7};"); break;
            case 2: CudaAsm.Emit(Instruction + "{s8,s9,s10,s11}, {a0,a1,a2,a3}, {b4,b5}, {s8,s9,s10,s11};"); break;
            case 3: CudaAsm.Emit(Instruction + "{s12,s13,s14,s15}, {a0,a1,a2,a3}, {b6,b7}, {s12,s13,s14,s15};"); break;
            case 4: CudaAsm.Emit(Instruction + "{s16,s17,s18,s19}, {a0,a1,a2,a3}, {b0,b1}, {s16,s17,s18,s19};"); break;
            case 5: CudaAsm.Emit(Instruction + "{s20,s21,s22,s23}, {a0,a1,a2,a3}, {b2,b3}, {s20,s21,s22,s23};"); break;
            case 6: CudaAsm.Emit(Instruction + "{s24,s25,s26,s27}, {a0,a1,a2,a3}, {b4,b5}, {s24,s25,s26,s27};"); break;
            case 7: CudaAsm.Emit(Instruction + "{s28,s29,s30,s31}, {a0,a1,a2,a3}, {b6,b7}, {s28,s29,s30,s31};"); break;
            case 8: CudaAsm.Emit(Instruction + "{s32,s33,s34,s35}, {a0,a1,a2,a3}, {b0,b1}, {s32,s33,s34,s35};"); break;
            case 9: CudaAsm.Emit(Instruction + "{s36,s37,s38,s39}, {a0,a1,a2,a3}, {b2,b3}, {s36,s37,s38,s39};"); break;
            case 10: CudaAsm.Emit(Instruction + "{s40,s41,s42,s43}, {a0,a1,a2,a3}, {b4,b5}, {s40,s41,s42,s43};"); break;
            case 11: CudaAsm.Emit(Instruction + "{s44,s45,s46,s47}, {a0,a1,a2,a3}, {b6,b7}, {s44,s45,s46,s47};"); break;
            case 12: CudaAsm.Emit(Instruction + "{s48,s49,s50,s51}, {a0,a1,a2,a3}, {b0,b1}, {s48,s49,s50,s51};"); break;
            case 13: CudaAsm.Emit(Instruction + "{s52,s53,s54,s55}, {a0,a1,a2,a3}, {b2,b3}, {s52,s53,s54,s55};"); break;
            case 14: CudaAsm.Emit(Instruction + "{s56,s57,s58,s59}, {a0,a1,a2,a3}, {b4,b5}, {s56,s57,s58,s59};"); break;
            default: CudaAsm.Emit(Instruction + "{s60,s61,s62,s63}, {a0,a1,a2,a3}, {b6,b7}, {s60,s61,s62,s63};"); break;
        }
    }
}
