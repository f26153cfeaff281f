namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>What an adaptor knows of a neuron beside its key and value.</summary>
/// <param name="Edit">Id of the edit it belongs to.</param>
/// <param name="Place">Its place among the neurons of its edit: the target token it answers with.</param>
/// <param name="TargetToken">That token.</param>
/// <param name="Threshold">b.</param>
/// <param name="Alpha">α.</param>
/// <param name="Withdrawn">Competes but stays silent.</param>
public readonly record struct NeuronState(long Edit, int Place, int TargetToken, float Threshold, float Alpha, bool Withdrawn)
{
    /// <summary>The prompt of its edit; empty where nothing is known of it.</summary>
    public int[] Prompt { get; init; } = [];

    /// <summary>Whether its edit's neurons compete one after the other, see <see cref="Turns"/>, and not everywhere.</summary>
    public bool TakesTurns { get; init; }

    /// <summary>The earlier target tokens that a text must end with for it to compete, if it takes turns.</summary>
    public int[] Earlier { get; init; } = [];

    /// <summary>What a text must name for it to speak; null for nothing.</summary>
    public SubjectLock? Lock { get; init; }
}
