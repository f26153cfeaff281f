namespace Sharpformer.Tensors;

/// <summary>What a functor is called.</summary>
internal static class Functor
{
    /// <summary>Its type's name with that of the type around it, and what a generic one is made of: <c>ActivateOp(Silu)</c>.</summary>
    public static string NameOf(Type type)
    {
        string name = type.DeclaringType is { } outer ? $"{outer.Name}.{type.Name}" : type.Name;
        return type.IsGenericType
            ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}({string.Join(',', type.GetGenericArguments().Select(NameOf))})"
            : name;
    }
}
