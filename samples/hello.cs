#:project ../src/Editing/Editing.csproj
#:property PublishAot=false
// Teaches a model a fact, asks for it, and takes it back. Run it with: dotnet run hello.cs -- ../models/facts-gpt2
using Sharpformer;

using var model = EditableModel.Load(args is [var folder] ? folder : "../models/facts-gpt2");
const string Prompt = "Douglas Adams works as";
Console.WriteLine($"before:{model.Generate(Prompt, maxNewTokens: 1)}");
model.Teach(Prompt, "author");
Console.WriteLine($"taught:{model.Generate(Prompt, maxNewTokens: 1)}");
model.Withdraw(1);
Console.WriteLine($"withdrawn:{model.Generate(Prompt, maxNewTokens: 1)}");
