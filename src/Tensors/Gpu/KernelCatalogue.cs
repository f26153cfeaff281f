using System.Reflection;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// All kernels there are: every method marked as one, each generic one with every functor that fits it. Found by looking, so that
/// none is forgotten when kernels are checked.
/// </summary>
public static class KernelCatalogue
{
    /// <summary>The kernels that a program can start, in the order of their names.</summary>
    /// <param name="program">Its assembly; functors and kernels are sought in the Sharpformer assemblies it refers to as well.</param>
    public static IReadOnlyList<MethodInfo> Kernels(Assembly program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var assemblies = new List<Assembly>();
        AddWithReferences(program, assemblies);
        Type[] types = [.. assemblies.SelectMany(assembly => assembly.GetTypes())];
        Type[] functors = [.. types.Where(type => type is { IsValueType: true, IsGenericTypeDefinition: false })];
        return
        [
            .. types.SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                .Where(method => method.IsDefined(typeof(KernelAttribute), false))
                .SelectMany(method => Closed(method, functors))
                .OrderBy(NameOf, StringComparer.Ordinal),
        ];
    }

    /// <summary>What to call a kernel, for example <c>MapKernels.Unary(Exp)</c>.</summary>
    public static string NameOf(MethodInfo kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        string functors = string.Join(',', kernel.GetGenericArguments().Select(type => type.DeclaringType is { } outer ? $"{outer.Name}.{type.Name}" : type.Name));
        return $"{kernel.DeclaringType!.Name}.{kernel.Name}" + (functors.Length > 0 ? $"({functors})" : "");
    }

    private static void AddWithReferences(Assembly assembly, List<Assembly> found)
    {
        if (found.Contains(assembly)) return;
        found.Add(assembly);
        foreach (AssemblyName name in assembly.GetReferencedAssemblies())
        {
            if (name.Name!.StartsWith("Sharpformer", StringComparison.Ordinal)) AddWithReferences(Assembly.Load(name), found);
        }
    }

    /// <summary>A kernel with every choice of functors for its type parameters.</summary>
    private static IEnumerable<MethodInfo> Closed(MethodInfo kernel, Type[] functors)
    {
        if (!kernel.IsGenericMethodDefinition) return [kernel];
        IEnumerable<Type[]> choices = [[]];
        foreach (Type parameter in kernel.GetGenericArguments())
        {
            Type[] constraints = [.. parameter.GetGenericParameterConstraints().Where(constraint => constraint.IsInterface)];
            Type[] fitting = [.. functors.Where(functor => constraints.All(constraint => constraint.IsAssignableFrom(functor)))];
            if (constraints.Length == 0) throw new InvalidOperationException($"{NameOf(kernel)} takes any {parameter.Name}. Hint: constrain it to an interface of functors.");
            choices = choices.SelectMany(choice => fitting.Select(functor => (Type[])[.. choice, functor]));
        }

        return choices.Select(choice => kernel.MakeGenericMethod(choice));
    }
}
